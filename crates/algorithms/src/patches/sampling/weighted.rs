//! Patches where a map of weights is high.

use ndarray::{ArrayView, Dimension, Slice};

use super::{check_patch, check_uniform, pick, unravel};
use crate::AlgorithmError;
use crate::sample::Sample;

/// Centres of patches, one for each uniform number, drawn in proportion to the weights at the
/// centres.
///
/// A patch of even size `w` reaches from `centre - w / 2`. Centres leave the whole patch inside
/// the image; along an axis not longer than the patch there is the middle only. If a weight is
/// below 0 the smallest is subtracted from all. Where the weights' sum is 0 or not finite, all
/// places are equally likely.
///
/// # Errors
/// [`AlgorithmError::Rank`], [`AlgorithmError::Empty`], or [`AlgorithmError::Parameter`] for a
/// size of 0 or a number outside 0 to below 1.
pub fn weighted_centres<S: Sample, D: Dimension>(
    weights: &ArrayView<'_, S, D>,
    patch: &[usize],
    uniforms: &[f64],
) -> Result<Vec<Vec<usize>>, AlgorithmError> {
    check_patch(patch, weights.shape())?;
    check_uniform(uniforms)?;
    let lows: Vec<usize> = (weights.shape().iter().zip(patch))
        .map(|(&length, &size)| size.min(length) / 2)
        .collect();
    let places = weights.slice_each_axis(|axis| {
        let low = lows[axis.axis.index()];
        let count = axis.len.saturating_sub(patch[axis.axis.index()]).max(1);
        Slice::from(low..low + count)
    });
    let sums = cumulative(&places);
    let total = sums.last().copied().unwrap_or(0.0);
    let even = !(total.is_finite() && total > 0.0);
    let centre = |&uniform: &f64| {
        let flat = if even {
            pick(uniform, sums.len())
        } else {
            let wanted = uniform * total;
            let found = sums.partition_point(|&sum| sum <= wanted);
            found.min(sums.len() - 1)
        };
        let index = unravel(flat, places.shape());
        index
            .iter()
            .zip(&lows)
            .map(|(index, low)| index + low)
            .collect()
    };
    Ok(uniforms.iter().map(centre).collect())
}

fn cumulative<S: Sample, D: Dimension>(weights: &ArrayView<'_, S, D>) -> Vec<f64> {
    let least = weights.iter().map(|w| w.to_f64()).fold(0.0, f64::min);
    let mut sum = 0.0;
    let add = |weight: &S| {
        sum += weight.to_f64() - least;
        sum
    };
    weights.iter().map(add).collect()
}
