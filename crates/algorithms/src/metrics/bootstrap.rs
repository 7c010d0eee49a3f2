//! Uncertainty of a score over images.
//!
//! Resampling is over images, not pixels: pixels of one image are not independent.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::AlgorithmError;

/// Settings of a bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bootstrap {
    /// Number of resamples.
    pub resamples: usize,
    /// One minus the coverage: 0.05 gives 95 % intervals.
    pub alpha: f64,
    /// Seed of the `ChaCha8` stream that draws the resamples.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            resamples: 10_000,
            alpha: 0.05,
            seed: 0,
        }
    }
}

/// An estimate with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The statistic of the images themselves.
    pub estimate: f64,
    /// Standard deviation of the statistic over the resamples (ddof 1).
    pub standard_error: f64,
    /// Percentile interval, low and high end.
    pub percentile: [f64; 2],
    /// Bias-corrected and accelerated interval (Efron 1987), low and high end.
    pub bca: [f64; 2],
}

impl Bootstrap {
    /// Interval of `statistic` over `values`, one value an image.
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`] without values, [`AlgorithmError::Parameter`] for settings
    /// outside their ranges.
    pub fn interval(
        &self,
        values: &[f64],
        statistic: impl Fn(&[f64]) -> f64,
    ) -> Result<Interval, AlgorithmError> {
        if values.is_empty() {
            return Err(AlgorithmError::Empty {
                what: "the list of scores",
            });
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut resample = vec![0.0; values.len()];
        let draw = |_| {
            for slot in &mut resample {
                *slot = values[random.random_range(0..values.len())];
            }
            statistic(&resample)
        };
        let statistics: Vec<f64> = (0..self.resamples).map(draw).collect();
        interval(values, &statistics, self.alpha, &statistic)
    }
}

/// Interval from given resamples: `statistics` holds the statistic of each resample of `values`.
///
/// The bias correction counts resamples equal to the estimate half; the acceleration comes from
/// leaving out one image at a time. Where all values are equal both intervals have no width.
///
/// # Errors
/// [`AlgorithmError::Empty`] without values or resamples, [`AlgorithmError::Parameter`] for an
/// `alpha` outside 0 to 1.
pub fn interval(
    values: &[f64],
    statistics: &[f64],
    alpha: f64,
    statistic: impl Fn(&[f64]) -> f64,
) -> Result<Interval, AlgorithmError> {
    if values.is_empty() || statistics.is_empty() {
        return Err(AlgorithmError::Empty {
            what: "the list of scores or resamples",
        });
    }
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(AlgorithmError::parameter(
            "alpha",
            alpha,
            "above 0 and below 1",
        ));
    }
    let estimate = statistic(values);
    let mut sorted = statistics.to_vec();
    sorted.sort_by(f64::total_cmp);
    let percentile = [alpha / 2.0, 1.0 - alpha / 2.0].map(|level| quantile(&sorted, level));
    let bias = bias_correction(&sorted, estimate);
    let acceleration = acceleration(values, &statistic);
    let bca = [alpha / 2.0, 1.0 - alpha / 2.0].map(|level| {
        let shifted = bias + normal_quantile(level);
        let level = normal_probability(bias + shifted / (1.0 - acceleration * shifted));
        if level.is_finite() {
            quantile(&sorted, level)
        } else {
            f64::NAN
        }
    });
    let constant = sorted.first() == sorted.last();
    Ok(Interval {
        estimate,
        standard_error: standard_deviation(statistics),
        percentile,
        bca: if constant { percentile } else { bca },
    })
}

/// Mean; NaN without values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Median; NaN without values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// Standard deviation with n - 1 in the denominator; 0 for one value, NaN without values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    if values.len() == 1 {
        0.0
    } else {
        (squares / (values.len() as f64 - 1.0)).sqrt()
    }
}

/// Quantile of sorted values, linear between neighbours; NaN without values.
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = last as f64 * level.clamp(0.0, 1.0);
    let index = (position.floor() as usize).min(last);
    let (low, high) = (sorted[index], sorted[(index + 1).min(last)]);
    if low == high {
        low
    } else {
        low + (high - low) * (position - index as f64)
    }
}

fn bias_correction(sorted: &[f64], estimate: f64) -> f64 {
    let below = sorted.iter().filter(|&&value| value < estimate).count() as f64;
    let equal = sorted.iter().filter(|&&value| value == estimate).count() as f64;
    normal_quantile((below + equal / 2.0) / sorted.len() as f64)
}

fn acceleration(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mut rest = values[1..].to_vec();
    let mut left_out = Vec::with_capacity(values.len());
    for index in 0..values.len() {
        left_out.push(statistic(&rest));
        if index < rest.len() {
            rest[index] = values[index];
        }
    }
    let centre = mean(&left_out);
    let moment = |power| {
        left_out
            .iter()
            .map(|value| (centre - value).powi(power))
            .sum::<f64>()
    };
    let scale = moment(2).powf(1.5);
    if scale == 0.0 {
        0.0
    } else {
        moment(3) / (6.0 * scale)
    }
}

/// Probability that a standard normal variable is below `x`.
fn normal_probability(x: f64) -> f64 {
    libm::erfc(-x / std::f64::consts::SQRT_2) / 2.0
}

/// The inverse of [`normal_probability`]; infinite at 0 and 1.
///
/// Newton steps on the probability from a coarse start: each doubles the correct digits, and the
/// function is concave towards its tail, so they do not overshoot from below.
fn normal_quantile(probability: f64) -> f64 {
    if probability <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if probability > 0.5 {
        return -normal_quantile(1.0 - probability);
    }
    let (mut low, mut high) = (-39.0, 0.0);
    let mut x = -1.0;
    for _ in 0..200 {
        let error = normal_probability(x) - probability;
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = (-x * x / 2.0).exp() / (std::f64::consts::TAU).sqrt();
        let step = x - error / density;
        let next = if step > low && step < high {
            step
        } else {
            f64::midpoint(low, high)
        };
        if (next - x).abs() <= 1e-15 * x.abs() {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_match_tables() {
        for (probability, expected) in [
            (0.5, 0.0),
            (0.025, -1.959963984540054),
            (0.975, 1.959963984540054),
            (0.1, -1.2815515655446004),
            (1e-6, -4.753424308822899),
        ] {
            assert!((normal_quantile(probability) - expected).abs() < 1e-11);
        }
        assert!(normal_quantile(0.0).is_infinite() && normal_quantile(1.0).is_infinite());
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let values: Vec<f64> = (0..20).map(|i| f64::from(i * i % 17) / 17.0).collect();
        let bootstrap = Bootstrap::default();
        let first = bootstrap.interval(&values, mean).unwrap();
        assert_eq!(first, bootstrap.interval(&values, mean).unwrap());
        assert!(first.percentile[0] < first.estimate && first.estimate < first.percentile[1]);
        let other = Bootstrap {
            seed: 1,
            ..bootstrap
        }
        .interval(&values, mean)
        .unwrap();
        assert_ne!(first.percentile, other.percentile);
        assert!((first.percentile[0] - other.percentile[0]).abs() < 0.02);
    }

    #[test]
    fn equal_and_single_values_have_no_width() {
        for values in [vec![0.3; 5], vec![0.3]] {
            let found = Bootstrap::default().interval(&values, mean).unwrap();
            assert!(
                found
                    .percentile
                    .iter()
                    .chain(&found.bca)
                    .all(|end| (end - 0.3).abs() < 1e-12)
            );
        }
        assert_eq!(standard_deviation(&[2.0]), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0, 10.0]), 2.5);
    }

    #[test]
    fn faults_are_errors() {
        assert!(Bootstrap::default().interval(&[], mean).is_err());
        assert!(interval(&[1.0], &[], 0.05, mean).is_err());
        assert!(interval(&[1.0], &[1.0], 0.0, mean).is_err());
        assert!(interval(&[f64::NAN, 1.0], &[f64::NAN], 0.05, mean).is_ok());
    }
}
