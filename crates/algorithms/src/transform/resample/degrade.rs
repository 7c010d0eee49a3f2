//! Images as a coarser camera would have taken them.

use ndarray::{Array, ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Method, Resize, resize};
use crate::AlgorithmError;
use crate::rounding::Round;

/// Shrinks an image and enlarges it to its old size, as in the study of resolution on LIVECell.
///
/// The study does not name its kernel; the code it builds on uses Pillow's bicubic one. Results
/// depend on it: state it with them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Degrade {
    /// Length of the small image over that of the image, above 0 and at most 1; lengths are
    /// rounded down.
    pub factor: f64,
    /// The rules of the weights, both ways.
    pub method: Method,
}

impl Default for Degrade {
    fn default() -> Self {
        Self {
            factor: 0.25,
            method: Method::default(),
        }
    }
}

/// An image before and after enlarging.
#[derive(Debug, Clone, PartialEq)]
pub struct Degraded<T, D: Dimension> {
    /// The small image.
    pub low: Array<T, D>,
    /// The small image at the old size.
    pub back: Array<T, D>,
}

/// Degrades the last two axes (`Y X`) of an image.
///
/// # Errors
/// As [`resize`], and [`AlgorithmError::Parameter`] for a factor outside its range or so small
/// that no pixel is left.
pub fn degrade<T: Round, D: Dimension>(
    values: &ArrayView<'_, T, D>,
    options: &Degrade,
) -> Result<Degraded<T, D>, AlgorithmError> {
    if !(options.factor > 0.0 && options.factor <= 1.0) {
        let expected = "above 0 and at most 1";
        return Err(AlgorithmError::parameter(
            "factor",
            options.factor,
            expected,
        ));
    }
    let [.., height, width] = *values.shape() else {
        return Err(AlgorithmError::Rank {
            what: "the image",
            got: values.ndim(),
            expected: "at least 2 (Y X)",
        });
    };
    let small = [height, width].map(|length| (options.factor * length as f64) as usize);
    let low = resize(values, &Resize::to(&small, options.method))?;
    let back = resize(&low.view(), &Resize::to(&[height, width], options.method))?;
    Ok(Degraded { low, back })
}
