//! Running minima and maxima under a structuring element.

use std::marker::PhantomData;

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::element::{ElementRun, StructuringElement};
use crate::sample::Sample;
use crate::simd::vectorized;

/// A pixel of grey-scale morphology: `u8`, `u16`, `i16`, `f32` or `f64`. NaN wins every comparison,
/// so that it spreads and is not lost.
pub trait GrayPixel: Sample + PartialOrd + Default {
    /// Never greater than any value.
    const LOWEST: Self;
    /// Never less than any value.
    const HIGHEST: Self;
    /// `self - other`, within the type's range.
    fn difference(self, other: Self) -> Self;
    /// Whether the value is NaN.
    fn is_nan(self) -> bool;
}

macro_rules! gray_integer {
    ($($kind:ty),*) => {$(
        impl GrayPixel for $kind {
            const LOWEST: Self = Self::MIN;
            const HIGHEST: Self = Self::MAX;
            #[inline(always)]
            fn difference(self, other: Self) -> Self {
                self.saturating_sub(other)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }
        }
    )*};
}

macro_rules! gray_float {
    ($($kind:ty),*) => {$(
        impl GrayPixel for $kind {
            const LOWEST: Self = Self::NEG_INFINITY;
            const HIGHEST: Self = Self::INFINITY;
            #[inline(always)]
            fn difference(self, other: Self) -> Self {
                self - other
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }
        }
    )*};
}

gray_integer!(u8, u16, i16);
gray_float!(f32, f64);

/// Which of two values wins.
pub(super) trait Order<P>: Sync + Send {
    const LOSER: P;
    fn pick(a: P, b: P) -> P;
}

pub(super) struct Greatest;
pub(super) struct Least;

impl<P: GrayPixel> Order<P> for Greatest {
    const LOSER: P = P::LOWEST;
    #[inline(always)]
    fn pick(a: P, b: P) -> P {
        if b > a || b.is_nan() { b } else { a }
    }
}

impl<P: GrayPixel> Order<P> for Least {
    const LOSER: P = P::HIGHEST;
    #[inline(always)]
    fn pick(a: P, b: P) -> P {
        if b < a || b.is_nan() { b } else { a }
    }
}

/// The winner among the pixels under the element around each pixel; pixels outside never win.
///
/// A row's winners over each length of run in the element come from comparing ever longer
/// stretches, so that a run costs the logarithm of its length; then rows are compared.
pub(super) fn extremum<P: GrayPixel, O: Order<P>>(
    image: &ArrayView2<'_, P>,
    element: &StructuringElement,
) -> Array2<P> {
    let mut out = Array2::from_elem(image.raw_dim(), O::LOSER);
    if image.is_empty() {
        return out;
    }
    let image = image.as_standard_layout();
    let window = Window::<P, O>::new(element);
    let rows = (image.nrows() / (4 * rayon::current_num_threads())).max(4 * window.height);
    out.axis_chunks_iter_mut(Axis(0), rows)
        .into_par_iter()
        .enumerate()
        .for_each(|(band, mut part)| {
            vectorized(
                #[inline(always)]
                || window.fill(&image.view(), band * rows, &mut part),
            );
        });
    out
}

struct Window<P, O> {
    runs: Vec<ElementRun>,
    /// Distinct lengths of runs, ascending.
    lengths: Vec<usize>,
    /// First row of the window relative to the anchor, and its number of rows.
    top: isize,
    height: usize,
    /// Pixels put before and after each row.
    before: usize,
    after: usize,
    kind: PhantomData<(P, O)>,
}

impl<P: GrayPixel, O: Order<P>> Window<P, O> {
    fn new(element: &StructuringElement) -> Self {
        let runs = element.runs.clone();
        let mut lengths: Vec<usize> = runs.iter().map(|run| run.length).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let top = runs.iter().map(|run| run.dy).min().unwrap_or(0);
        let bottom = runs.iter().map(|run| run.dy).max().unwrap_or(0);
        let left = runs.iter().map(|run| run.dx).min().unwrap_or(0).min(0);
        let right = runs.iter().map(|run| run.dx + run.length as isize - 1);
        let right = right.max().unwrap_or(0).max(0);
        Self {
            runs,
            lengths,
            top,
            height: (bottom - top + 1) as usize,
            before: left.unsigned_abs(),
            after: right as usize,
            kind: PhantomData,
        }
    }

    /// Fills rows from `first` on. The winners of as many rows as the window is high are kept, in a
    /// ring for each length.
    #[inline(always)]
    fn fill(
        &self,
        image: &ArrayView2<'_, P>,
        first: usize,
        part: &mut ndarray::ArrayViewMut2<'_, P>,
    ) {
        let width = image.ncols() + self.before + self.after;
        let mut rings = vec![vec![O::LOSER; width * self.height]; self.lengths.len()];
        let mut buffers = [vec![O::LOSER; width], vec![O::LOSER; width]];
        let inside = 0..image.nrows() as isize;
        for step in 0..part.nrows() + self.height - 1 {
            let y = (first + step) as isize + self.top;
            let slot = step % self.height * width;
            let row = inside.contains(&y).then(|| image.row(y as usize));
            if let Some(row) = row.as_ref().and_then(|row| row.as_slice()) {
                buffers[0].fill(O::LOSER);
                buffers[0][self.before..self.before + row.len()].copy_from_slice(row);
                self.stretches(&mut buffers, &mut rings, slot);
            }
            let Some(done) = (step + 1).checked_sub(self.height) else {
                continue;
            };
            let Some(out) = part.row_mut(done).into_slice() else {
                continue;
            };
            for run in &self.runs {
                let row = (first + done) as isize + run.dy;
                if !inside.contains(&row) {
                    continue;
                }
                let slot = (done + (run.dy - self.top) as usize) % self.height * width;
                let ring = self.lengths.partition_point(|&length| length < run.length);
                let start = slot + (self.before as isize + run.dx) as usize;
                let winners = &rings[ring][start..start + out.len()];
                for (out, &winner) in out.iter_mut().zip(winners) {
                    *out = O::pick(*out, winner);
                }
            }
        }
    }

    /// Winners over each length of run from every pixel of a row on, into the rings.
    #[inline(always)]
    fn stretches(&self, buffers: &mut [Vec<P>; 2], rings: &mut [Vec<P>], slot: usize) {
        let width = buffers[0].len();
        let [current, next] = buffers;
        let mut reach = 1;
        for (ring, &length) in rings.iter_mut().zip(&self.lengths) {
            while 2 * reach <= length {
                pick_pairs::<P, O>(current, reach, &mut next[..=width - 2 * reach]);
                std::mem::swap(current, next);
                reach *= 2;
            }
            let starts = width - length + 1;
            pick_pairs::<P, O>(current, length - reach, &mut ring[slot..slot + starts]);
        }
    }
}

/// `out[x]` is the winner of `values[x]` and `values[x + distance]`.
#[inline(always)]
fn pick_pairs<P: GrayPixel, O: Order<P>>(values: &[P], distance: usize, out: &mut [P]) {
    let ahead = &values[distance..distance + out.len()];
    for ((out, &a), &b) in out.iter_mut().zip(values).zip(ahead) {
        *out = O::pick(a, b);
    }
}
