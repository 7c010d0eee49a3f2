//! The innermost loops of weight gradients: a few taps and channels, many pixels.

use crate::LANES;
use crate::simd::Simd;

/// The most taps that the loops below are compiled for.
pub(super) const MOST_TAPS: usize = 8;

/// Pixels side by side whose products are added.
#[derive(Clone, Copy)]
pub(super) struct Patch {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Values from one row of the input, and of the gradient, to the next.
    pub(super) input_row: usize,
    pub(super) gradient_row: usize,
}

/// Values from one sum to the next.
#[derive(Clone, Copy)]
pub(super) struct SumSteps {
    pub(super) tap: usize,
    pub(super) lane: usize,
    pub(super) block: usize,
}

/// Adds `input[tap][pixel * STEP + lane] * gradient[block][pixel]`, summed over the pixels of the
/// patch, to the vector `sums[tap, lane, block]`.
///
/// The sums of `T` taps, `R` lanes and `W` blocks stay in registers all the while. That they start
/// from zero keeps the rounding errors of long sums small.
///
/// # Safety
///
/// All these places must exist.
#[inline(always)]
pub(super) unsafe fn dense<
    S: Simd,
    const T: usize,
    const R: usize,
    const STEP: usize,
    const W: usize,
>(
    input: &[*const f32],
    gradient: &[*const f32],
    patch: Patch,
    sums: *mut f32,
    steps: SumSteps,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut acc = [[[S::zero(); W]; R]; T];
        let mut rows: [*const f32; T] = [std::ptr::null(); T];
        rows.copy_from_slice(&input[..T]);
        let mut gradient_rows: [*const f32; W] = [std::ptr::null(); W];
        gradient_rows.copy_from_slice(&gradient[..W]);
        for _ in 0..patch.rows {
            for column in 0..patch.columns {
                let mut factors = [S::zero(); W];
                for block in 0..W {
                    factors[block] = S::load(gradient_rows[block].add(column * LANES));
                }
                for (row, acc) in rows.iter().zip(&mut acc) {
                    for (lane, acc) in acc.iter_mut().enumerate() {
                        let value = S::splat(*row.add(column * STEP + lane));
                        for (sum, &factor) in acc.iter_mut().zip(&factors) {
                            *sum = S::mul_add(value, factor, *sum);
                        }
                    }
                }
            }
            for row in &mut rows {
                *row = row.wrapping_add(patch.input_row);
            }
            for row in &mut gradient_rows {
                *row = row.wrapping_add(patch.gradient_row);
            }
        }
        for (tap, acc) in acc.iter().enumerate() {
            for (lane, acc) in acc.iter().enumerate() {
                for (block, &sum) in acc.iter().enumerate() {
                    let to = tap * steps.tap + lane * steps.lane + block * steps.block;
                    let to = sums.add(to);
                    S::store(to, S::add(S::load(to), sum));
                }
            }
        }
    }
}

/// Adds `gradient[pixel * STEP + channel] * input[term][pixel]`, summed over the pixels of the patch,
/// to the vector `sums[(term * R + channel) * 16]`: [`dense`] with the maps exchanged, for gradients
/// of few channels and blocks of the input.
///
/// # Safety
///
/// All these places must exist.
#[inline(always)]
pub(super) unsafe fn dot<S: Simd, const T: usize, const R: usize, const STEP: usize>(
    input: &[*const f32],
    gradient: *const f32,
    patch: Patch,
    sums: *mut f32,
) {
    let exchanged = Patch {
        input_row: patch.gradient_row,
        gradient_row: patch.input_row,
        ..patch
    };
    let steps = SumSteps {
        tap: 0,
        lane: LANES,
        block: R * LANES,
    };
    // SAFETY: as the caller promises.
    unsafe { dense::<S, 1, R, STEP, T>(&[gradient], input, exchanged, sums, steps) };
}

/// Adds `input[tap][pixel] * gradient[pixel]`, summed over the pixels of the patch, to `sums[tap]`;
/// all of these are vectors.
///
/// # Safety
///
/// All these places must exist.
#[inline(always)]
pub(super) unsafe fn depthwise<S: Simd, const T: usize>(
    input: &[*const f32],
    gradient: *const f32,
    patch: Patch,
    sums: *mut f32,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut acc = [S::zero(); T];
        let mut rows: [*const f32; T] = [std::ptr::null(); T];
        rows.copy_from_slice(&input[..T]);
        let mut gradient_row = gradient;
        for _ in 0..patch.rows {
            for column in 0..patch.columns {
                let factor = S::load(gradient_row.add(column * LANES));
                for tap in 0..T {
                    let value = S::load(rows[tap].add(column * LANES));
                    acc[tap] = S::mul_add(value, factor, acc[tap]);
                }
            }
            for row in &mut rows {
                *row = row.wrapping_add(patch.input_row);
            }
            gradient_row = gradient_row.wrapping_add(patch.gradient_row);
        }
        for (tap, &sum) in acc.iter().enumerate() {
            let to = sums.add(tap * LANES);
            S::store(to, S::add(S::load(to), sum));
        }
    }
}

/// Calls `$loops::<$simd, T, $other...>` with `T` the number of taps, at most `$most` and
/// [`MOST_TAPS`].
macro_rules! with_taps {
    (@call $loops:ident, $simd:ident, $count:literal, [$($other:tt)*], ($($argument:expr),*)) => {
        $loops::<$simd, $count $(, $other)*>($($argument),*)
    };
    (@count $taps:expr, $most:expr, $loops:ident, $simd:ident, $other:tt, $arguments:tt,
        $($count:literal)*) => {
        match $taps {
            $($count if $most >= $count => {
                with_taps!(@call $loops, $simd, $count, $other, $arguments)
            })*
            _ => with_taps!(@call $loops, $simd, 1, $other, $arguments),
        }
    };
    ($taps:expr, $most:expr,
        $loops:ident::<$simd:ident $(, $other:tt)*>($($argument:expr),*)) => {
        with_taps!(@count $taps, $most, $loops, $simd, [$($other)*], ($($argument),*), 2 3 4 5 6 7 8)
    };
}
pub(super) use with_taps;
