//! Minimum and maximum to a range.

use ndarray::ArrayViewD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Scaling, check_range, finite_values};
use crate::AlgorithmError;
use crate::sample::Sample;

/// Maps the smallest and largest value to the ends of `range`; a constant image becomes
/// `range[0]` everywhere. One hot pixel compresses all others: prefer [`super::Percentile`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinMax {
    /// The two ends of the range, smaller first.
    pub range: [f32; 2],
    /// Whether each channel gets a minimum and maximum of its own.
    pub per_channel: bool,
}

impl Default for MinMax {
    fn default() -> Self {
        Self {
            range: [0.0, 1.0],
            per_channel: false,
        }
    }
}

impl MinMax {
    /// Smallest and largest of all `values`.
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`], [`AlgorithmError::NoFiniteSamples`] or
    /// [`AlgorithmError::Parameter`].
    pub fn fit<S: Sample>(&self, values: &ArrayViewD<'_, S>) -> Result<Scaling, AlgorithmError> {
        self.check()?;
        let finite = finite_values(values)?;
        let samples = finite.iter().map(|value| value.to_f64());
        let (low, high) = samples.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        Ok(self.scaling(low, high))
    }

    /// The scaling of an image with this smallest and largest value.
    pub(super) fn scaling(&self, low: f64, high: f64) -> Scaling {
        let [bottom, top] = self.range.map(f64::from);
        let is_constant = high <= low;
        Scaling {
            subtract: low,
            divide: if is_constant { 1.0 } else { high - low },
            multiply: if is_constant { 1.0 } else { top - bottom },
            add: bottom,
            clip: None,
            keep_zero: false,
            is_constant,
        }
    }

    pub(super) fn check(&self) -> Result<(), AlgorithmError> {
        check_range(self.range)
    }
}
