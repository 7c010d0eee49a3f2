//! Weighted sums with symmetric weights, over chunks that fit into vector registers.

use crate::filter::BlurPixel;

/// Pixels that are summed together.
pub(super) const LANES: usize = 32;

/// Least multiple of [`LANES`] from `width` on.
pub(super) fn padded_width(width: usize) -> usize {
    width.next_multiple_of(LANES)
}

/// Along a row: `out[x] = sum over k of weights[k] row[x + k]`.
///
/// `out` is a whole number of [`LANES`]; `row` is longer by all weights but one.
#[inline(always)]
pub(super) fn row_pass<P: BlurPixel>(row: &[P], weights: &[P::Row], out: &mut [P::Row]) {
    let half = weights.len() / 2;
    for (index, out) in out.chunks_exact_mut(LANES).enumerate() {
        let at = |offset: usize| &row[index * LANES + offset..][..LANES];
        let mut sums = [P::Row::default(); LANES];
        for (sum, &centre) in sums.iter_mut().zip(at(half)) {
            *sum = P::along_row(*sum, weights[half], centre);
        }
        for (offset, &weight) in weights[..half].iter().enumerate() {
            let (left, right) = (at(offset), at(2 * half - offset));
            for lane in 0..LANES {
                sums[lane] = P::along_row_pair(sums[lane], weight, left[lane], right[lane]);
            }
        }
        out.copy_from_slice(&sums);
    }
}

/// Across rows: `out[x] = sum over k of weights[k] rows[k][start + x]`, finished to a pixel.
///
/// Rows are whole numbers of [`LANES`]; `out` may end earlier.
#[inline(always)]
pub(super) fn column_pass<P: BlurPixel>(rows: &[&[P::Row]], weights: &[P::Row], out: &mut [P]) {
    let half = weights.len() / 2;
    for (index, out) in out.chunks_mut(LANES).enumerate() {
        let at = |row: usize| &rows[row][index * LANES..][..LANES];
        let mut sums = [P::Sum::default(); LANES];
        for (sum, &centre) in sums.iter_mut().zip(at(half)) {
            *sum = P::across(*sum, weights[half], centre);
        }
        for (offset, &weight) in weights[..half].iter().enumerate() {
            let (above, below) = (at(offset), at(2 * half - offset));
            for lane in 0..LANES {
                sums[lane] = P::across_pair(sums[lane], weight, above[lane], below[lane]);
            }
        }
        let mut pixels = [P::default(); LANES];
        for (pixel, &sum) in pixels.iter_mut().zip(&sums) {
            *pixel = P::finish(sum);
        }
        out.copy_from_slice(&pixels[..out.len()]);
    }
}
