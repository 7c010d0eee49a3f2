//! Zero mean, unit variance.

use ndarray::ArrayViewD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Scaling, check_epsilon, finite_values};
use crate::AlgorithmError;
use crate::sample::Sample;

/// `y = (x - mean) / (sd + epsilon)`; a divisor of 0 counts as 1, so a constant image becomes 0.
///
/// The standard deviation is the population's (divided by n).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Standard {
    /// Whether pixels of exactly 0 are left out of the statistics and stay 0; for images whose
    /// outside was masked.
    pub nonzero: bool,
    /// Added to the standard deviation.
    #[schemars(range(min = 0.0))]
    pub epsilon: f64,
    /// Whether each channel gets statistics of its own.
    pub per_channel: bool,
}

impl Standard {
    /// Mean and standard deviation of all `values`, in two passes.
    ///
    /// With `nonzero` an image of zeros only has no statistics and is left as it is.
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`], [`AlgorithmError::NoFiniteSamples`] or
    /// [`AlgorithmError::Parameter`].
    pub fn fit<S: Sample>(&self, values: &ArrayViewD<'_, S>) -> Result<Scaling, AlgorithmError> {
        self.check()?;
        let mut finite = finite_values(values)?;
        if self.nonzero {
            finite.retain(|value| value.to_f64() != 0.0);
        }
        let count = finite.len().max(1) as f64;
        let mean = finite.iter().map(|value| value.to_f64()).sum::<f64>() / count;
        let squares = finite.iter().map(|value| (value.to_f64() - mean).powi(2));
        let deviation = (squares.sum::<f64>() / count).sqrt();
        Ok(self.scaling(mean, deviation))
    }

    /// The scaling of an image with this mean and standard deviation.
    pub(super) fn scaling(&self, mean: f64, deviation: f64) -> Scaling {
        let divisor = deviation + self.epsilon;
        Scaling {
            subtract: mean,
            divide: if divisor == 0.0 { 1.0 } else { divisor },
            multiply: 1.0,
            add: 0.0,
            clip: None,
            keep_zero: self.nonzero,
            is_constant: deviation == 0.0,
        }
    }

    pub(super) fn check(&self) -> Result<(), AlgorithmError> {
        check_epsilon(self.epsilon)
    }
}
