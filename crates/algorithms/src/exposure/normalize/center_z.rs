//! Statistics of the slices in focus.

use ndarray::{ArrayViewD, Axis, Slice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Scaling, Standard};
use crate::AlgorithmError;
use crate::sample::Sample;

/// `y = (x - mean) / sd` with mean and standard deviation of `chunk` slices around the centre of
/// a stack, as in fnet and `MMV_Im2Im`: slices out of focus, above and below a cell, do not count.
///
/// A standard deviation of 0 counts as 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CenterZ {
    /// The slice in the middle of the chunk; if not given, that in the middle of the stack.
    pub z_center: Option<usize>,
    /// Number of slices that count.
    pub chunk: usize,
    /// Fewest slices of a stack.
    pub min_z: usize,
    /// Whether all slices of a stack that has fewer count, instead of an error.
    pub allow_short: bool,
    /// Whether each channel gets statistics of its own.
    pub per_channel: bool,
}

impl Default for CenterZ {
    fn default() -> Self {
        Self {
            z_center: None,
            chunk: 32,
            min_z: 32,
            allow_short: false,
            per_channel: true,
        }
    }
}

impl CenterZ {
    /// Statistics of an array whose last three axes are `Z Y X`.
    ///
    /// # Errors
    /// [`AlgorithmError::Rank`] for fewer axes, [`AlgorithmError::Parameter`] for a stack of too
    /// few slices or settings outside their ranges, and those of [`Standard::fit`].
    pub fn fit<S: Sample>(&self, values: &ArrayViewD<'_, S>) -> Result<Scaling, AlgorithmError> {
        let Some(axis) = values.ndim().checked_sub(3) else {
            return Err(AlgorithmError::Rank {
                what: "the image",
                got: values.ndim(),
                expected: "at least 3 (Z Y X)",
            });
        };
        let slices = self.slices(values.shape()[axis])?;
        let chunk = values.slice_axis(Axis(axis), Slice::from(slices));
        Standard::default().fit(&chunk)
    }

    /// The slices of a stack of `length` that count.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] as [`CenterZ::fit`].
    pub fn slices(&self, length: usize) -> Result<std::ops::Range<usize>, AlgorithmError> {
        self.check()?;
        if length < self.min_z && !self.allow_short {
            let expected = format!("at least {}, or allow_short: true", self.min_z);
            return Err(AlgorithmError::parameter(
                "the number of slices",
                length,
                expected,
            ));
        }
        let chunk = self.chunk.min(length);
        let centre = self.z_center.unwrap_or(length / 2);
        let start = centre.saturating_sub(self.chunk / 2).min(length - chunk);
        Ok(start..start + chunk)
    }

    pub(super) fn check(&self) -> Result<(), AlgorithmError> {
        if self.chunk == 0 {
            return Err(AlgorithmError::parameter("chunk", 0, "at least 1 slice"));
        }
        Ok(())
    }
}
