//! Weighted sums with symmetric weights, in loops that compile to vector instructions.
//!
//! For small windows the compiler knows the number of weights, and keeps weights and sums in
//! registers.

use std::marker::PhantomData;

use crate::filters::linear::BlurPixel;

/// Pixels that wider windows sum together.
const LANES: usize = 32;

/// What is done with one weight, or with the two pixels that share one.
trait Step {
    /// What is weighted.
    type Term: Copy;
    type Sum: Copy + Default;
    /// What a sum is made into.
    type Out: Copy;
    fn one(sum: Self::Sum, weight: Self::Term, term: Self::Term) -> Self::Sum;
    fn pair(sum: Self::Sum, weight: Self::Term, terms: [Self::Term; 2]) -> Self::Sum;
    fn finish(sum: Self::Sum) -> Self::Out;
}

/// Sums of the pixels of a row.
struct Along<P>(PhantomData<P>);

/// Sums of row sums, finished to pixels.
struct Across<P>(PhantomData<P>);

impl<P: BlurPixel> Step for Along<P> {
    type Term = P::Row;
    type Sum = P::Row;
    type Out = P::Row;
    #[inline(always)]
    fn one(sum: P::Row, weight: P::Row, term: P::Row) -> P::Row {
        P::along_row(sum, weight, term)
    }
    #[inline(always)]
    fn pair(sum: P::Row, weight: P::Row, [left, right]: [P::Row; 2]) -> P::Row {
        P::along_row_pair(sum, weight, left, right)
    }
    #[inline(always)]
    fn finish(sum: P::Row) -> P::Row {
        sum
    }
}

impl<P: BlurPixel> Step for Across<P> {
    type Term = P::Row;
    type Sum = P::Sum;
    type Out = P;
    #[inline(always)]
    fn one(sum: P::Sum, weight: P::Row, term: P::Row) -> P::Sum {
        P::across(sum, weight, term)
    }
    #[inline(always)]
    fn pair(sum: P::Sum, weight: P::Row, [above, below]: [P::Row; 2]) -> P::Sum {
        P::across_pair(sum, weight, above, below)
    }
    #[inline(always)]
    fn finish(sum: P::Sum) -> P {
        P::finish(sum)
    }
}

/// Along a row: `out[x] = sum over k of weights[k] row[x + k]`.
///
/// `row` is longer than `out` by all weights but one.
#[inline(always)]
pub(super) fn row_pass<P: BlurPixel>(row: &[P::Row], weights: &[P::Row], out: &mut [P::Row]) {
    let shifted: Vec<&[P::Row]> = (0..weights.len()).map(|k| &row[k..]).collect();
    weighted_sums::<Along<P>>(&shifted, weights, out);
}

/// Across rows: `out[x] = sum over k of weights[k] rows[k][x]`, finished to a pixel.
///
/// Rows may be longer than `out`.
#[inline(always)]
pub(super) fn column_pass<P: BlurPixel>(rows: &[&[P::Row]], weights: &[P::Row], out: &mut [P]) {
    weighted_sums::<Across<P>>(rows, weights, out);
}

#[inline(always)]
fn weighted_sums<S: Step>(rows: &[&[S::Term]], weights: &[S::Term], out: &mut [S::Out]) {
    match weights.len() / 2 {
        0 => sums_of_pairs::<S, 0>(rows, weights, out),
        1 => sums_of_pairs::<S, 1>(rows, weights, out),
        2 => sums_of_pairs::<S, 2>(rows, weights, out),
        3 => sums_of_pairs::<S, 3>(rows, weights, out),
        4 => sums_of_pairs::<S, 4>(rows, weights, out),
        5 => sums_of_pairs::<S, 5>(rows, weights, out),
        6 => sums_of_pairs::<S, 6>(rows, weights, out),
        7 => sums_of_pairs::<S, 7>(rows, weights, out),
        8 => sums_of_pairs::<S, 8>(rows, weights, out),
        _ => sums_by_lanes::<S>(rows, weights, out),
    }
}

/// [`weighted_sums`] for `2 PAIRS + 1` weights.
#[inline(always)]
fn sums_of_pairs<S: Step, const PAIRS: usize>(
    rows: &[&[S::Term]],
    weights: &[S::Term],
    out: &mut [S::Out],
) {
    let width = out.len();
    let centre = &rows[PAIRS][..width];
    let pairs: [[&[S::Term]; 2]; PAIRS] =
        std::array::from_fn(|k| [&rows[k][..width], &rows[2 * PAIRS - k][..width]]);
    let middle = weights[PAIRS];
    let weights: [S::Term; PAIRS] = std::array::from_fn(|k| weights[k]);
    for x in 0..width {
        let mut sum = S::one(S::Sum::default(), middle, centre[x]);
        for k in 0..PAIRS {
            sum = S::pair(sum, weights[k], pairs[k].map(|row| row[x]));
        }
        out[x] = S::finish(sum);
    }
}

/// [`weighted_sums`] for any number of weights, over [`LANES`] pixels at a time; the last ones
/// overlap those before them.
#[inline(always)]
fn sums_by_lanes<S: Step>(rows: &[&[S::Term]], weights: &[S::Term], out: &mut [S::Out]) {
    let (half, width) = (weights.len() / 2, out.len());
    if width < LANES {
        for (x, out) in out.iter_mut().enumerate() {
            let mut sum = S::one(S::Sum::default(), weights[half], rows[half][x]);
            for k in 0..half {
                sum = S::pair(sum, weights[k], [rows[k][x], rows[2 * half - k][x]]);
            }
            *out = S::finish(sum);
        }
        return;
    }
    for start in (0..width).step_by(LANES) {
        let start = start.min(width - LANES);
        let at = |row: usize| &rows[row][start..][..LANES];
        let mut sums = [S::Sum::default(); LANES];
        for (sum, &term) in sums.iter_mut().zip(at(half)) {
            *sum = S::one(*sum, weights[half], term);
        }
        for (k, &weight) in weights[..half].iter().enumerate() {
            let (above, below) = (at(k), at(2 * half - k));
            for lane in 0..LANES {
                sums[lane] = S::pair(sums[lane], weight, [above[lane], below[lane]]);
            }
        }
        let out = &mut out[start..][..LANES];
        for (out, &sum) in out.iter_mut().zip(&sums) {
            *out = S::finish(sum);
        }
    }
}
