//! Histograms as the automatic thresholds of scikit-image take them.

use ndarray::{ArrayView, Dimension};

use crate::{AlgorithmError, Sample};

/// Most bins of an integer image: its whole range has a bin each.
const MAX_BINS: f64 = (1_u32 << 24) as f64;

/// Counts, and the intensity at the centre of each bin.
pub(super) struct Histogram {
    pub(super) counts: Vec<f64>,
    pub(super) centers: Vec<f64>,
}

impl Histogram {
    /// One bin for each integer from the least to the greatest, or `bins` bins for floats.
    pub(super) fn of<S: Sample, D: Dimension>(
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
        let mut counts = vec![0.0; bins];
        let scale = bins as f64 / (high - low);
        for value in values.iter().map(|value| value.to_f64()) {
            if !value.is_finite() {
                continue;
            }
            // The edges decide; the product only finds the neighbourhood.
            let mut bin = (((value - low) * scale) as usize).min(bins - 1);
            if value < edges[bin] {
                bin = bin.saturating_sub(1);
            } else if bin + 1 < bins && value >= edges[bin + 1] {
                bin += 1;
            }
            counts[bin] += 1.0;
        }
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
        let mut counts = vec![0_u64; bins as usize];
        for value in values {
            counts[(value.to_f64() - low) as usize] += 1;
        }
        Ok(Self {
            counts: counts.into_iter().map(|count| count as f64).collect(),
            centers: (0..bins as usize).map(|bin| low + bin as f64).collect(),
        })
    }

    /// Running sums of the counts and of the intensities, from the lowest bin.
    pub(super) fn cumulated(&self) -> (Vec<f64>, Vec<f64>) {
        let intensities = self.counts.iter().zip(&self.centers).map(|(n, x)| n * x);
        (
            running_sum(self.counts.iter().copied()),
            running_sum(intensities),
        )
    }
}

pub(super) fn running_sum(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let add = |sum: &mut f64, value| {
        *sum += value;
        Some(*sum)
    };
    values.scan(0.0, add).collect()
}
