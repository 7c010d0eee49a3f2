//! Key points to images.

use ndarray::{Array, Array2, ArrayView, ArrayView2, Dimension, s};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kernel;
use crate::AlgorithmError;
use crate::sample::Sample;

/// How bright the image becomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gain {
    /// As the kernel of sum 1 gives it, which is dim.
    Sum,
    /// Divided by the kernel's largest value, and cut at 1.
    #[default]
    PeakClip,
    /// From 0 to 1 by the image's own smallest and largest value; 0 if they are equal.
    MinMax,
}

/// Settings of a reconstruction. State the gain with every score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reconstruction {
    /// What a key point becomes.
    pub kernel: Kernel,
    /// How bright the image becomes.
    pub gain: Gain,
}

/// The pixels strictly above `threshold`; NaN is not.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for a threshold that is NaN.
pub fn select_keypoints<S: Sample, D: Dimension>(
    probabilities: &ArrayView<'_, S, D>,
    threshold: f64,
) -> Result<Array<bool, D>, AlgorithmError> {
    if threshold.is_nan() {
        let expected = "a number";
        return Err(AlgorithmError::parameter("threshold", threshold, expected));
    }
    Ok(probabilities.mapv(|value| value.to_f64() > threshold))
}

/// The image `[Y, X]` of key points, of their size: the sum of a kernel around each, zero beyond
/// the edges.
///
/// # Errors
/// Those of [`Kernel::weights`].
pub fn reconstruct(
    keypoints: &ArrayView2<'_, bool>,
    options: &Reconstruction,
) -> Result<Array2<f64>, AlgorithmError> {
    let kernel = options.kernel.weights()?;
    let mut image = scatter(keypoints, &kernel);
    match options.gain {
        Gain::Sum => {}
        Gain::PeakClip => {
            let peak = kernel.iter().copied().fold(0.0, f64::max);
            image.mapv_inplace(|value| (value / peak).min(1.0));
        }
        Gain::MinMax => {
            let ends = (f64::INFINITY, f64::NEG_INFINITY);
            let (low, high) = image.iter().fold(ends, |(low, high), &value| {
                (value.min(low), value.max(high))
            });
            let width = if high > low { high - low } else { 1.0 };
            image.mapv_inplace(|value| (value - low) / width);
        }
    }
    Ok(image)
}

/// A convolution of few points: the kernel is symmetric, and added where there is one.
fn scatter(keypoints: &ArrayView2<'_, bool>, kernel: &Array2<f64>) -> Array2<f64> {
    let (height, width) = keypoints.dim();
    let reach = kernel.nrows() / 2;
    let mut image = Array2::zeros((height, width));
    let part = |at: usize, length: usize| {
        let low = at.saturating_sub(reach)..(at + reach + 1).min(length);
        let start = low.start + reach - at;
        let inside = start..start + low.len();
        (low, inside)
    };
    for ((y, x), _) in keypoints.indexed_iter().filter(|(_, is_point)| **is_point) {
        let ((rows, kernel_rows), (columns, kernel_columns)) = (part(y, height), part(x, width));
        let mut target = image.slice_mut(s![rows, columns]);
        target += &kernel.slice(s![kernel_rows, kernel_columns]);
    }
    image
}
