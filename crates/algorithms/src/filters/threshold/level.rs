//! One threshold for the whole image.

use ndarray::{Array, ArrayView, Dimension, Zip};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::methods;
use crate::AlgorithmError;
use crate::exposure::histogram::levels::{Histogram, in_any_order};
use crate::sample::Sample;
use crate::simd::vectorized;

/// Values that one step of work looks at.
const PART_VALUES: usize = 1 << 16;

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
        let narrow = Histogram::of_narrow(values);
        let range = match &narrow {
            Some(histogram) => histogram.ends(),
            None => finite_range(values)?,
        };
        if range[0] == range[1] {
            return Ok(range[0]);
        }
        let histogram = || narrow.map_or_else(|| Histogram::of(values, range, self.bins), Ok);
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
        let mut mask = Array::zeros(values.raw_dim());
        let set = |mask: &mut u8, value: S| *mask = if value.to_f64() > level { 255 } else { 0 };
        if let (Some(flat), Some(mask)) = (values.as_slice(), mask.as_slice_mut()) {
            let parts = mask
                .par_chunks_mut(PART_VALUES)
                .zip(flat.par_chunks(PART_VALUES));
            parts.for_each(|(mask, values)| {
                vectorized(
                    #[inline(always)]
                    || {
                        mask.iter_mut()
                            .zip(values)
                            .for_each(|(mask, &value)| set(mask, value));
                    },
                );
            });
        } else {
            Zip::from(&mut mask)
                .and(values)
                .par_for_each(|mask, &value| set(mask, value));
        }
        Ok(mask)
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
    let empty = [f64::INFINITY, f64::NEG_INFINITY];
    let widen = |a: [f64; 2], b: [f64; 2]| [a[0].min(b[0]), a[1].max(b[1])];
    let range_of = |values: &[S]| {
        vectorized(
            #[inline(always)]
            || {
                let numbers = values.iter().map(|value| value.to_f64());
                numbers.fold(empty, |range, value| {
                    if value.is_finite() {
                        widen(range, [value, value])
                    } else {
                        range
                    }
                })
            },
        )
    };
    let range = in_any_order(values)
        .par_chunks(PART_VALUES)
        .map(range_of)
        .reduce(|| empty, widen);
    if range[0] > range[1] {
        let count = values.len();
        return Err(AlgorithmError::NoFiniteSamples { what, count });
    }
    Ok(range)
}
