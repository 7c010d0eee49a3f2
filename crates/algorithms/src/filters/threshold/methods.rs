//! The criteria of the automatic thresholds. Histograms have at least two occupied bins, among
//! them the first and the last.

use crate::exposure::histogram::levels::{Histogram, running_sum};

/// Index of the first greatest of `scores`.
fn first_greatest(scores: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, score) in scores.enumerate() {
        if score > best.1 {
            best = (index, score);
        }
    }
    best.0
}

pub(super) fn otsu(histogram: &Histogram) -> f64 {
    let (counts, intensities) = histogram.cumulated();
    let last = counts.len() - 1;
    let variance = |bin: usize| {
        let (below, above) = (counts[bin], counts[last] - counts[bin]);
        let above_mean = (intensities[last] - intensities[bin]) / above;
        below * above * (intensities[bin] / below - above_mean).powi(2)
    };
    histogram.centers[first_greatest((0..last).map(variance))]
}

pub(super) fn yen(histogram: &Histogram) -> f64 {
    let total: f64 = histogram.counts.iter().sum();
    let shares: Vec<f64> = histogram.counts.iter().map(|n| n / total).collect();
    let below = running_sum(shares.iter().copied());
    let squares = || shares.iter().map(|share| share * share);
    let squares_below = running_sum(squares());
    let squares_above = running_sum(squares().rev());
    let last = shares.len() - 1;
    let criterion = |bin: usize| {
        let mixing = (below[bin] * (1.0 - below[bin])).powi(2);
        (mixing / (squares_below[bin] * squares_above[last - 1 - bin])).ln()
    };
    histogram.centers[first_greatest((0..last).map(criterion))]
}

pub(super) fn isodata(histogram: &Histogram) -> f64 {
    let (counts, intensities) = histogram.cumulated();
    let centers = &histogram.centers;
    let last = counts.len() - 1;
    let width = centers[1] - centers[0];
    let halfway = |bin: usize| {
        let above = (intensities[last] - intensities[bin]) / (counts[last] - counts[bin]);
        f64::midpoint(intensities[bin] / counts[bin], above)
    };
    let is_fixed_point = |bin: &usize| (0.0..width).contains(&(halfway(*bin) - centers[*bin]));
    // The half-way point starts above the first bin and ends below the last, so it is met between.
    centers[(0..last).find(is_fixed_point).unwrap_or(last)]
}

pub(super) fn triangle(histogram: &Histogram) -> f64 {
    let last = histogram.counts.len() - 1;
    let peak = first_greatest(histogram.counts.iter().copied());
    // The longer tail counts; a tail to the right is mirrored to the left.
    let is_mirrored = peak < last - peak;
    let at = |bin: usize| if is_mirrored { last - bin } else { bin };
    let (height, width) = (histogram.counts[peak], at(peak) as f64);
    let norm = height.hypot(width);
    let distance =
        |bin: usize| height / norm * bin as f64 - width / norm * histogram.counts[at(bin)];
    histogram.centers[at(first_greatest((0..at(peak)).map(distance)))]
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(super) fn li_of_histogram(histogram: &Histogram) -> f64 {
    let low = histogram.centers[0];
    let (counts, intensities) = histogram.cumulated();
    let last = counts.len() - 1;
    let shift = |sum: f64, count: f64| sum / count - low;
    let start = shift(intensities[last], counts[last]);
    let means = |level: f64| {
        let bin = (level.floor() as usize).min(last - 1);
        let below = shift(intensities[bin], counts[bin]);
        let (sum, count) = (
            intensities[last] - intensities[bin],
            counts[last] - counts[bin],
        );
        (below, shift(sum, count))
    };
    low + minimum_cross_entropy(start, 0.5, means)
}

pub(super) fn li_of_values(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, total) = (sorted[0], sorted.len() as f64);
    for value in &mut sorted {
        *value -= low;
    }
    let steps = sorted
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|&step| step > 0.0);
    let tolerance = steps.fold(f64::INFINITY, f64::min) / 2.0;
    let sums = running_sum(sorted.iter().copied());
    let last = sorted.len() - 1;
    let means = |level: f64| {
        // At least the lowest value is below and the highest above.
        let below = sorted
            .partition_point(|&value| value <= level)
            .clamp(1, last);
        let sum = sums[below - 1];
        (
            sum / below as f64,
            (sums[last] - sum) / (total - below as f64),
        )
    };
    low + minimum_cross_entropy(sums[last] / total, tolerance, means)
}

/// Li and Tam's iteration from `level` on, for intensities shifted to start at 0.
fn minimum_cross_entropy(mut level: f64, tolerance: f64, means: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut previous = f64::NEG_INFINITY;
    while (level - previous).abs() > tolerance {
        let (below, above) = means(level);
        if below == 0.0 {
            break;
        }
        previous = level;
        level = (below - above) / (below.ln() - above.ln());
    }
    level
}
