//! One threshold for the whole image.

use ndarray::{Array, ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::methods;
use crate::{AlgorithmError, Sample};

/// How the threshold is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMethod {
    /// Otsu 1979: largest variance between the two classes.
    #[default]
    Otsu,
    /// Li and Lee 1993: least cross-entropy, by Li and Tam's iteration.
    Li,
    /// Zack, Rogers and Latt 1977: farthest from the line between peak and tail of the histogram.
    Triangle,
    /// Yen, Chang and Chang 1995: largest correlation criterion.
    Yen,
    /// Ridler and Calvard 1978: half-way between the means of the two classes.
    Isodata,
    /// The mean intensity.
    Mean,
    /// A given intensity.
    Cutoff(f64),
}

/// A threshold for whole images of any number of axes, as scikit-image's `threshold_*`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Threshold {
    /// How the threshold is found.
    pub method: ThresholdMethod,
    /// Bins of the histogram of a floating-point image; integers have a bin for each grey level.
    #[schemars(range(min = 1))]
    pub bins: usize,
}

impl Default for Threshold {
    fn default() -> Self {
        Self {
            method: ThresholdMethod::Otsu,
            bins: 256,
        }
    }
}

impl Threshold {
    /// The threshold; a constant image has its one intensity. Values that are not finite are left
    /// out.
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`], [`AlgorithmError::NoFiniteSamples`], or
    /// [`AlgorithmError::Parameter`] for no bins, a cutoff that is NaN, or integers over more than
    /// 2^24 grey levels.
    pub fn level<S: Sample, D: Dimension>(
        &self,
        values: &ArrayView<'_, S, D>,
    ) -> Result<f64, AlgorithmError> {
        if let ThresholdMethod::Cutoff(cutoff) = self.method {
            let nan = || AlgorithmError::parameter("cutoff", cutoff, "a number");
            return Some(cutoff)
                .filter(|cutoff| !cutoff.is_nan())
                .ok_or_else(nan);
        }
        let range = finite_range(values)?;
        if range[0] == range[1] {
            return Ok(range[0]);
        }
        let histogram = || Histogram::of(values, range, self.bins);
        match self.method {
            ThresholdMethod::Otsu => Ok(methods::otsu(&histogram()?)),
            ThresholdMethod::Triangle => Ok(methods::triangle(&histogram()?)),
            ThresholdMethod::Yen => Ok(methods::yen(&histogram()?)),
            ThresholdMethod::Isodata => Ok(methods::isodata(&histogram()?)),
            ThresholdMethod::Li if S::INTEGER_MAX.is_some() => {
                Ok(methods::li_of_histogram(&histogram()?))
            }
            ThresholdMethod::Li => Ok(methods::li_of_values(&finite(values))),
            ThresholdMethod::Mean | ThresholdMethod::Cutoff(_) => {
                Ok(methods::mean(&finite(values)))
            }
        }
    }

    /// 255 where a value exceeds the threshold, 0 elsewhere; NaN gives 0.
    ///
    /// # Errors
    /// As [`Threshold::level`].
    pub fn apply<S: Sample, D: Dimension>(
        &self,
        values: &ArrayView<'_, S, D>,
    ) -> Result<Array<u8, D>, AlgorithmError> {
        let level = self.level(values)?;
        Ok(values.mapv(|value| if value.to_f64() > level { 255 } else { 0 }))
    }
}

fn finite<S: Sample, D: Dimension>(values: &ArrayView<'_, S, D>) -> Vec<f64> {
    let numbers = values.iter().map(|value| value.to_f64());
    numbers.filter(|value| value.is_finite()).collect()
}

fn finite_range<S: Sample, D: Dimension>(
    values: &ArrayView<'_, S, D>,
) -> Result<[f64; 2], AlgorithmError> {
    let what = "the image";
    if values.is_empty() {
        return Err(AlgorithmError::Empty { what });
    }
    let mut range = [f64::INFINITY, f64::NEG_INFINITY];
    for value in values.iter().map(|value| value.to_f64()) {
        if value.is_finite() {
            range = [range[0].min(value), range[1].max(value)];
        }
    }
    if range[0] > range[1] {
        let count = values.len();
        return Err(AlgorithmError::NoFiniteSamples { what, count });
    }
    Ok(range)
}
