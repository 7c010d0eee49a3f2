//! Histograms as the automatic thresholds of scikit-image take them.

use std::borrow::Cow;

use ndarray::{ArrayView, Dimension};
use rayon::prelude::*;

use crate::AlgorithmError;
use crate::sample::Sample;

/// Most bins of an integer image: its whole range has a bin each.
const MAX_BINS: f64 = (1_u32 << 24) as f64;

/// So few bins have a counter for each of several values in turn.
const FEW_BINS: usize = 1 << 10;

/// Values that one table of 32-bit counters takes.
const MOST_COUNTED: usize = 1 << 30;

/// Counts, and the intensity at the centre of each bin.
pub(crate) struct Histogram {
    pub(crate) counts: Vec<f64>,
    pub(crate) centers: Vec<f64>,
}

impl Histogram {
    /// A histogram of integers of up to 16 bits, counted without knowing their range; `None` for
    /// other types and for no values.
    pub(crate) fn of_narrow<S: Sample, D: Dimension>(values: &ArrayView<'_, S, D>) -> Option<Self> {
        let all = level_counts(values)?;
        let first = all.iter().position(|&n| n > 0.0)?;
        let last = all.iter().rposition(|&n| n > 0.0)?;
        Some(Self {
            counts: all[first..=last].to_vec(),
            centers: (first..=last)
                .map(|level| S::LEAST + level as f64)
                .collect(),
        })
    }

    /// Centres of the first and the last bin.
    pub(crate) fn ends(&self) -> [f64; 2] {
        [self.centers[0], self.centers[self.centers.len() - 1]]
    }

    /// One bin for each integer from the least to the greatest, or `bins` bins for floats.
    pub(crate) fn of<S: Sample, D: Dimension>(
        values: &ArrayView<'_, S, D>,
        [low, high]: [f64; 2],
        bins: usize,
    ) -> Result<Self, AlgorithmError> {
        if S::INTEGER_MAX.is_some() {
            return Self::of_integers(values, low, high);
        }
        if !(1..=MAX_BINS as usize).contains(&bins) {
            let expected = format!("1 to {MAX_BINS}");
            return Err(AlgorithmError::parameter("bins", bins, expected));
        }
        let step = (high - low) / bins as f64;
        let edges: Vec<f64> = (0..=bins).map(|bin| low + bin as f64 * step).collect();
        let scale = bins as f64 / (high - low);
        let counts = count(values, bins, |value| {
            let value = Some(value.to_f64()).filter(|value| value.is_finite())?;
            // The edges decide; the product only finds the neighbourhood.
            let bin = (((value - low) * scale) as usize).min(bins - 1);
            Some(if value < edges[bin] {
                bin.saturating_sub(1)
            } else if bin + 1 < bins && value >= edges[bin + 1] {
                bin + 1
            } else {
                bin
            })
        });
        let centers = edges.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
        Ok(Self {
            counts,
            centers: centers.collect(),
        })
    }

    fn of_integers<S: Sample, D: Dimension>(
        values: &ArrayView<'_, S, D>,
        low: f64,
        high: f64,
    ) -> Result<Self, AlgorithmError> {
        let bins = high - low + 1.0;
        if bins > MAX_BINS {
            let got = format!("{low} to {high}");
            let expected = format!("at most {MAX_BINS} grey levels");
            return Err(AlgorithmError::parameter(
                "the range of intensities",
                got,
                expected,
            ));
        }
        let bin = |value: S| Some((value.to_f64() - low) as usize);
        Ok(Self {
            counts: count(values, bins as usize, bin),
            centers: (0..bins as usize).map(|bin| low + bin as f64).collect(),
        })
    }

    /// Running sums of the counts and of the intensities, from the lowest bin.
    pub(crate) fn cumulated(&self) -> (Vec<f64>, Vec<f64>) {
        let intensities = self.counts.iter().zip(&self.centers).map(|(n, x)| n * x);
        (
            running_sum(self.counts.iter().copied()),
            running_sum(intensities),
        )
    }
}

/// How many values there are of each integer of a type of up to 16 bits, from the least on; `None`
/// for other types.
pub(crate) fn level_counts<S: Sample, D: Dimension>(
    values: &ArrayView<'_, S, D>,
) -> Option<Vec<f64>> {
    let levels = (S::INTEGER_MAX? - S::LEAST) as usize + 1;
    has_few_levels::<S>().then(|| count(values, levels, |value| Some(value.rank())))
}

/// Whether a type is one of the integers of up to 16 bits, which are counted one by one.
pub(crate) fn has_few_levels<S: Sample>() -> bool {
    S::INTEGER_MAX.is_some_and(|most| most - S::LEAST < f64::from(1_u32 << 16))
}

/// How many values are in each bin. Parts of the image are counted side by side where the
/// bins of each part are few beside its values.
fn count<S: Sample, D: Dimension>(
    values: &ArrayView<'_, S, D>,
    bins: usize,
    bin: impl Fn(S) -> Option<usize> + Sync,
) -> Vec<f64> {
    let values = in_any_order(values);
    let part = values.len().div_ceil(rayon::current_num_threads());
    let count_part = |values: &[S]| {
        if bins <= FEW_BINS {
            count_in_turns::<S, 4>(values, bins, &bin)
        } else {
            count_in_turns::<S, 1>(values, bins, &bin)
        }
    };
    let parts: Vec<Vec<u32>> = values
        .par_chunks(part.clamp(16 * bins, MOST_COUNTED.max(16 * bins)))
        .map(count_part)
        .collect();
    let total = |bin: usize| {
        let counts = parts
            .iter()
            .flat_map(|part| part[bin..].iter().step_by(bins));
        counts.map(|&count| u64::from(count)).sum::<u64>() as f64
    };
    (0..bins).map(total).collect()
}

/// Counts with `TURNS` counters for each bin, tables of bins after each other: where equal values
/// follow each other, counters that take turns do not wait for one another.
fn count_in_turns<S: Sample, const TURNS: usize>(
    values: &[S],
    bins: usize,
    bin: impl Fn(S) -> Option<usize>,
) -> Vec<u32> {
    let mut counts = vec![0_u32; TURNS * bins];
    let mut count = |turn: usize, value: S| {
        if let Some(bin) = bin(value) {
            counts[turn * bins + bin] += 1;
        }
    };
    let (groups, rest) = values.as_chunks::<TURNS>();
    for group in groups {
        for (turn, &value) in group.iter().enumerate() {
            count(turn, value);
        }
    }
    for &value in rest {
        count(0, value);
    }
    counts
}

/// All values, for sums that do not depend on their order.
pub(crate) fn in_any_order<'a, S: Sample, D: Dimension>(
    values: &'a ArrayView<'_, S, D>,
) -> Cow<'a, [S]> {
    match values.as_slice_memory_order() {
        Some(values) => Cow::Borrowed(values),
        None => Cow::Owned(values.iter().copied().collect()),
    }
}

pub(crate) fn running_sum(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let add = |sum: &mut f64, value| {
        *sum += value;
        Some(*sum)
    };
    values.scan(0.0, add).collect()
}
