//! Percentiles to a range.

use ndarray::ArrayViewD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Scaling, check_epsilon, check_range, finite_values};
use crate::AlgorithmError;
use crate::sample::Sample;

/// Maps the percentiles `low` and `high` to the ends of `range`:
/// `y = (x - P(low)) / (P(high) - P(low) + epsilon) * (range[1] - range[0]) + range[0]`.
///
/// Where the divisor is 0 (a constant image) `y = x - P(low) + range[0]`. Percentiles interpolate
/// linearly between the two nearest sorted values. A few outliers, such as dead or hot pixels, do
/// not change the result, which is why this is the default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Percentile {
    /// Percentile that becomes the lower end of the range. 0 is the minimum.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub low: f64,
    /// Percentile that becomes the upper end of the range. 100 is the maximum.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub high: f64,
    /// The two ends of the range, smaller first.
    pub range: [f32; 2],
    /// Whether values beyond the percentiles are cut to the range. Without it bright spots keep
    /// their relative height but leave the range.
    pub clip: bool,
    /// Added to the divisor. 0 suits most images.
    #[schemars(range(min = 0.0))]
    pub epsilon: f64,
    /// Whether each channel gets percentiles of its own.
    pub per_channel: bool,
}

impl Default for Percentile {
    fn default() -> Self {
        Self {
            low: 0.5,
            high: 99.5,
            range: [-1.0, 1.0],
            clip: true,
            epsilon: 0.0,
            per_channel: false,
        }
    }
}

impl Percentile {
    /// Percentiles of all `values`. Selection, not sorting: linear time on average.
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`], [`AlgorithmError::NoFiniteSamples`] or
    /// [`AlgorithmError::Parameter`].
    pub fn fit<S: Sample>(&self, values: &ArrayViewD<'_, S>) -> Result<Scaling, AlgorithmError> {
        self.check()?;
        let [low, high] = percentiles(values, [self.low, self.high])?;
        Ok(self.scaling(low, high))
    }

    /// The scaling of an image with these two percentiles.
    pub(super) fn scaling(&self, low: f64, high: f64) -> Scaling {
        let divisor = high - low + self.epsilon;
        let [bottom, top] = self.range.map(f64::from);
        let (divide, multiply) = if divisor == 0.0 {
            (1.0, 1.0)
        } else {
            (divisor, top - bottom)
        };
        Scaling {
            subtract: low,
            divide,
            multiply,
            add: bottom,
            clip: self.clip.then_some((self.range[0], self.range[1])),
            keep_zero: false,
            is_constant: high <= low,
        }
    }

    pub(super) fn check(&self) -> Result<(), AlgorithmError> {
        let inside = |q: f64| (0.0..=100.0).contains(&q);
        if !inside(self.low) || self.low >= self.high {
            return Err(AlgorithmError::parameter(
                "low",
                self.low,
                "0 to 100 and below high",
            ));
        }
        if !inside(self.high) {
            return Err(AlgorithmError::parameter("high", self.high, "0 to 100"));
        }
        check_range(self.range)?;
        check_epsilon(self.epsilon)
    }
}

/// Percentiles (0 to 100) of the finite values of an array, linear between neighbours.
///
/// # Errors
/// [`AlgorithmError::Empty`], [`AlgorithmError::NoFiniteSamples`], or
/// [`AlgorithmError::Parameter`] for a percentile outside 0 to 100.
pub fn percentiles<S: Sample, const N: usize>(
    values: &ArrayViewD<'_, S>,
    percents: [f64; N],
) -> Result<[f64; N], AlgorithmError> {
    if let Some(&percent) = percents
        .iter()
        .find(|percent| !(0.0..=100.0).contains(*percent))
    {
        return Err(AlgorithmError::parameter(
            "the percentile",
            percent,
            "0 to 100",
        ));
    }
    let mut finite = finite_values(values)?;
    Ok(percents.map(|percent| percentile(&mut finite, percent)))
}

/// Percentile `q` of `values`, which are finite and at least one; reorders them.
fn percentile<S: Sample>(values: &mut [S], q: f64) -> f64 {
    let position = (values.len() - 1) as f64 * q / 100.0;
    let index = (position.floor() as usize).min(values.len() - 1);
    let order = |a: &S, b: &S| a.to_f64().total_cmp(&b.to_f64());
    let (_, &mut at, above) = values.select_nth_unstable_by(index, order);
    let at = at.to_f64();
    let next = above
        .iter()
        .map(|value| value.to_f64())
        .reduce(f64::min)
        .unwrap_or(at);
    at + (next - at) * (position - index as f64)
}
