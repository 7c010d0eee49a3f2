//! How the values of an image are distributed.

use ndarray::{Array, ArrayView, Dimension, Zip};
use rayon::slice::ParallelSliceMut;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::levels::{has_few_levels, level_counts};
use crate::AlgorithmError;
use crate::sample::Sample;

/// The values of an image, each once and ascending, and the share of pixels up to each.
///
/// It is all that [`super::match_histogram`] needs of its template, so that a template can be kept
/// without its image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "Table")]
pub struct Distribution {
    values: Vec<f64>,
    shares: Vec<f64>,
}

/// A distribution of values: each once, and the share of pixels up to each.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Table {
    /// The values, ascending.
    values: Vec<f64>,
    /// The share of pixels with at most the value, ascending to 1.
    shares: Vec<f64>,
}

impl TryFrom<Table> for Distribution {
    type Error = &'static str;

    fn try_from(Table { values, shares }: Table) -> Result<Self, Self::Error> {
        let ascends = |list: &[f64]| {
            list.iter().all(|number| number.is_finite())
                && list.windows(2).all(|pair| pair[0] < pair[1])
        };
        if values.len() != shares.len() || values.is_empty() {
            return Err("expected as many `values` as `shares`, and at least one");
        }
        if !ascends(&values) {
            return Err("`values` do not ascend");
        }
        if !ascends(&shares) || shares[0] <= 0.0 || shares.last() != Some(&1.0) {
            return Err("`shares` do not ascend from above 0 to 1");
        }
        Ok(Self { values, shares })
    }
}

impl Distribution {
    /// The distribution of an array of any number of axes; values that are not finite are left out.
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`] or [`AlgorithmError::NoFiniteSamples`].
    pub fn of<S: Sample, D: Dimension>(
        image: &ArrayView<'_, S, D>,
    ) -> Result<Self, AlgorithmError> {
        Self::of_what(image, "the image")
    }

    pub(super) fn of_what<S: Sample, D: Dimension>(
        image: &ArrayView<'_, S, D>,
        what: &'static str,
    ) -> Result<Self, AlgorithmError> {
        if image.is_empty() {
            return Err(AlgorithmError::Empty { what });
        }
        if let Some(counts) = level_counts(image) {
            return Ok(Self::of_counts(&counts, S::LEAST));
        }
        let finite = image.iter().map(|v| v.to_f64()).filter(|v| v.is_finite());
        let mut sorted: Vec<f64> = finite.collect();
        if sorted.is_empty() {
            let count = image.len();
            return Err(AlgorithmError::NoFiniteSamples { what, count });
        }
        sorted.par_sort_unstable_by(f64::total_cmp);
        let total = sorted.len() as f64;
        let (mut values, mut shares) = (Vec::new(), Vec::new());
        for (index, &value) in sorted.iter().enumerate() {
            if sorted.get(index + 1) != Some(&value) {
                values.push(value);
                shares.push((index + 1) as f64 / total);
            }
        }
        Ok(Self { values, shares })
    }

    /// From how often each integer occurs, `least` and up.
    fn of_counts(counts: &[f64], least: f64) -> Self {
        let total: f64 = counts.iter().sum();
        let (mut values, mut shares, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for (level, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            sum += count;
            values.push(least + level as f64);
            shares.push(sum / total);
        }
        Self { values, shares }
    }

    /// The same distribution by fewer of its values, at most `2 * steps + 2`.
    ///
    /// Two neighbours that are kept are less than two `steps`-ths of the range of values apart, and
    /// so are their shares, unless the distribution itself jumps there. So both the many pixels of
    /// the background and the few of the brightest spots keep their form.
    #[must_use]
    pub fn thinned(&self, steps: usize) -> Self {
        let steps = steps.max(1);
        if self.values.len() <= 2 * steps + 2 {
            return self.clone();
        }
        let last = self.values.len() - 1;
        let (low, high) = (self.values[0], self.values[last]);
        let bin = |index: usize| {
            // Halved first: the range of two finite numbers may not be one.
            let place = (self.values[index] / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
            [place, self.shares[index]].map(|place| (place * steps as f64) as usize)
        };
        let is_kept = |index: usize| {
            index == 0 || index == last || {
                let ([value, share], next) = (bin(index), bin(index + 1));
                value != next[0] || share != next[1]
            }
        };
        let kept: Vec<usize> = (0..=last).filter(|&index| is_kept(index)).collect();
        Self {
            values: kept.iter().map(|&index| self.values[index]).collect(),
            shares: kept.iter().map(|&index| self.shares[index]).collect(),
        }
    }

    /// The source with its values replaced so that their distribution is this one, as
    /// [`super::match_histogram`].
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`] or [`AlgorithmError::NoFiniteSamples`] for the source.
    pub fn matched<S: Sample, D: Dimension>(
        &self,
        source: &ArrayView<'_, S, D>,
    ) -> Result<Array<f64, D>, AlgorithmError> {
        let of_source = Self::of_what(source, "the source image")?;
        let mapped: Vec<f64> = (of_source.shares.iter())
            .map(|&share| self.value_at(share))
            .collect();
        if has_few_levels::<S>() {
            let mut table = vec![0.0; 1 << 16];
            for (&value, &mapped) in of_source.values.iter().zip(&mapped) {
                table[(value - S::LEAST) as usize] = mapped;
            }
            let mut matched = Array::from_elem(source.raw_dim(), 0.0);
            Zip::from(&mut matched)
                .and(source)
                .par_for_each(|matched, &value| *matched = table[value.rank()]);
            return Ok(matched);
        }
        // Neighbouring pixels are often equal: one look-up a run.
        let mut last = (f64::NAN, f64::NAN);
        Ok(source.mapv(|value| {
            let value = value.to_f64();
            if value != last.0 {
                let mapped = if value.is_finite() {
                    mapped[of_source.rank(value)]
                } else {
                    value
                };
                last = (value, mapped);
            }
            last.1
        }))
    }

    /// Where a value that occurs lies among the distinct ones.
    fn rank(&self, value: f64) -> usize {
        let found = self.values.partition_point(|&other| other < value);
        found.min(self.values.len() - 1)
    }

    fn value_at(&self, share: f64) -> f64 {
        let above = self.shares.partition_point(|&other| other <= share);
        if above == 0 {
            return self.values[0];
        }
        let (from, low) = (self.shares[above - 1], self.values[above - 1]);
        let Some((&to, &high)) = self.shares.get(above).zip(self.values.get(above)) else {
            return low;
        };
        low + (high - low) / (to - from) * (share - from)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, arr1};

    use super::*;

    #[test]
    fn a_thinned_distribution_stays_near() {
        // Many dark pixels that differ little, and a few bright ones.
        let image: Array1<f32> = (0..40_000)
            .map(|index| {
                let dark = (index % 30_011) as f32 / 30_011.0;
                if index % 1000 == 7 {
                    1000.0 + index as f32
                } else {
                    dark
                }
            })
            .collect();
        let whole = Distribution::of(&image.view()).unwrap();
        let thin = whole.thinned(64);
        assert!(thin.values.len() <= 130, "{}", thin.values.len());
        let source = Array1::linspace(0.0_f64, 1.0, 5000);
        let exact = whole.matched(&source.view()).unwrap();
        let near = thin.matched(&source.view()).unwrap();
        for (share, (exact, near)) in exact.iter().zip(&near).enumerate() {
            let limit = if share < 4900 {
                0.05
            } else {
                2.0 * 40_000.0 / 64.0
            };
            assert!((exact - near).abs() < limit, "{share}: {exact} {near}");
        }
        assert_eq!(thin.values.last(), whole.values.last());
        assert_eq!(whole.thinned(40_000), whole);
    }

    #[test]
    fn only_a_distribution_is_read() {
        let read = |text: &str| serde_json::from_str::<Distribution>(text);
        let good = read(r#"{"values": [1, 4], "shares": [0.5, 1]}"#).unwrap();
        assert_eq!(good, Distribution::of(&arr1(&[4_u8, 1]).view()).unwrap());
        for text in [
            r#"{"values": [], "shares": []}"#,
            r#"{"values": [1], "shares": [0.5, 1]}"#,
            r#"{"values": [4, 1], "shares": [0.5, 1]}"#,
            r#"{"values": [1, 4], "shares": [1, 1]}"#,
            r#"{"values": [1, 4], "shares": [0, 1]}"#,
            r#"{"values": [1, 4], "shares": [0.5, 0.9]}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
