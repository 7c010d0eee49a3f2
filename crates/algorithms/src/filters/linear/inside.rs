//! Weighted sums where the window lies inside.

use ndarray::{ArrayD, Axis};

use super::lanes::{column_pass, row_pass};
use crate::simd::vectorized;

/// Sums under symmetric weights along one axis, which gets shorter by all weights but one. The axis
/// has to be at least as long as the weights.
pub(crate) fn weighted_inside(values: &ArrayD<f64>, axis: usize, weights: &[f64]) -> ArrayD<f64> {
    let length = values.len_of(Axis(axis)) + 1 - weights.len();
    let mut shape = values.raw_dim();
    shape[axis] = length;
    let mut result = ArrayD::zeros(shape);
    let values = values.as_standard_layout();
    let inner: usize = values.shape()[axis + 1..].iter().product();
    let (Some(source), Some(out)) = (values.as_slice(), result.as_slice_mut()) else {
        return result;
    };
    if out.is_empty() {
        return result;
    }
    let blocks = source.chunks_exact((length + weights.len() - 1) * inner);
    vectorized(
        #[inline(always)]
        || {
            for (block, out) in blocks.zip(out.chunks_exact_mut(length * inner)) {
                if inner == 1 {
                    row_pass::<f64>(block, weights, out);
                    continue;
                }
                for (first, out) in out.chunks_exact_mut(inner).enumerate() {
                    let row = |offset| &block[(first + offset) * inner..][..inner];
                    let rows: Vec<&[f64]> = (0..weights.len()).map(row).collect();
                    column_pass(&rows, weights, out);
                }
            }
        },
    );
    result
}
