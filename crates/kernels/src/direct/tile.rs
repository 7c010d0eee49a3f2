//! The innermost loops: a few pixels of one row, all channels and taps.

use crate::LANES;
use crate::simd::Simd;

/// The most pixels that the loops below are written for.
pub(super) const MOST_PIXELS: usize = 14;
/// The most output blocks of a tile.
pub(super) const MOST_WIDTH: usize = 2;

/// The most output channels of [`dot`].
pub(super) const MOST_DOT_CHANNELS: usize = 4;

/// Room for the sums of a tile, `[width, MOST_PIXELS, 16]`.
#[repr(C, align(64))]
pub(super) struct Sums(pub(super) [[[f32; LANES]; MOST_PIXELS]; MOST_WIDTH]);

/// `sums[block][pixel] = sum of weights[term][lane][block] * terms[term][pixel * STEP + lane]`.
///
/// The sums of `P` pixels and `W` blocks stay in registers all the while.
///
/// # Safety
///
/// The terms must be readable for `lanes` values at each of the pixels from `shift` on, the weights
/// for `lanes * W` vectors a term.
#[inline(always)]
pub(super) unsafe fn dense<S: Simd, const P: usize, const STEP: usize, const W: usize>(
    terms: &[*const f32],
    shift: usize,
    lanes: usize,
    mut weights: *const f32,
    sums: &mut Sums,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut acc = [[S::zero(); W]; P];
        for term in terms {
            let pixels = term.add(shift);
            for lane in 0..lanes {
                let mut factors = [S::zero(); W];
                for (block, factor) in factors.iter_mut().enumerate() {
                    *factor = S::load(weights.add(block * LANES));
                }
                weights = weights.add(W * LANES);
                for (pixel, acc) in acc.iter_mut().enumerate() {
                    let value = S::splat(*pixels.add(pixel * STEP + lane));
                    for (sum, &factor) in acc.iter_mut().zip(&factors) {
                        *sum = S::mul_add(value, factor, *sum);
                    }
                }
            }
        }
        for (pixel, acc) in acc.iter().enumerate() {
            for (block, &sum) in acc.iter().enumerate() {
                S::store(sums.0[block][pixel].as_mut_ptr(), sum);
            }
        }
    }
}

/// `sums[0][pixel][channel] = sum of weights[term][channel][lane] * terms[term][pixel * 16 + lane]`
/// over the terms and lanes.
///
/// For few output channels: [`dense`] would compute sixteen and keep these.
///
/// # Safety
///
/// The terms must be readable for a vector at each of the pixels from `shift` on, the weights for
/// `CHANNELS` vectors a term.
#[inline(always)]
pub(super) unsafe fn dot<S: Simd, const P: usize, const CHANNELS: usize>(
    terms: &[*const f32],
    shift: usize,
    mut weights: *const f32,
    sums: &mut Sums,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut acc = [[S::zero(); CHANNELS]; P];
        for term in terms {
            let pixels = term.add(shift);
            let mut factors = [S::zero(); CHANNELS];
            for (channel, factor) in factors.iter_mut().enumerate() {
                *factor = S::load(weights.add(channel * LANES));
            }
            weights = weights.add(CHANNELS * LANES);
            for (pixel, acc) in acc.iter_mut().enumerate() {
                let value = S::load(pixels.add(pixel * LANES));
                for (sum, &factor) in acc.iter_mut().zip(&factors) {
                    *sum = S::mul_add(value, factor, *sum);
                }
            }
        }
        let mut lanes = [0.0; LANES];
        for (pixel, acc) in acc.iter().enumerate() {
            for (channel, &sum) in acc.iter().enumerate() {
                S::store(lanes.as_mut_ptr(), sum);
                sums.0[0][pixel][channel] = sum_of(lanes);
            }
        }
    }
}

/// The sum of a vector, halves first.
#[inline(always)]
fn sum_of(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// `sums[0][pixel][lane] = sum of weights[term][lane] * terms[term][pixel * 16 + lane]`.
///
/// # Safety
///
/// The terms must be readable for a vector at each of the pixels from `shift` on, the weights for a
/// vector a term.
#[inline(always)]
pub(super) unsafe fn depthwise<S: Simd, const P: usize>(
    terms: &[*const f32],
    shift: usize,
    mut weights: *const f32,
    sums: &mut Sums,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut acc = [S::zero(); P];
        for term in terms {
            let pixels = term.add(shift);
            let factor = S::load(weights);
            weights = weights.add(LANES);
            for (pixel, sum) in acc.iter_mut().enumerate() {
                *sum = S::mul_add(S::load(pixels.add(pixel * LANES)), factor, *sum);
            }
        }
        for (pixel, &sum) in acc.iter().enumerate() {
            S::store(sums.0[0][pixel].as_mut_ptr(), sum);
        }
    }
}

/// Calls `$tile::<$simd, P, $other...>` with `P` the number of pixels.
macro_rules! with_pixels {
    (@call $tile:ident, $simd:ident, $count:literal, [$($other:tt)*], ($($argument:expr),*)) => {
        $tile::<$simd, $count $(, $other)*>($($argument),*)
    };
    (@count $pixels:expr, $tile:ident, $simd:ident, $other:tt, $arguments:tt, $($count:literal)*) => {
        match $pixels {
            $($count if $simd::TILE >= $count => {
                with_pixels!(@call $tile, $simd, $count, $other, $arguments)
            })*
            _ => with_pixels!(@call $tile, $simd, 1, $other, $arguments),
        }
    };
    ($pixels:expr, $tile:ident::<$simd:ident $(, $other:tt)*>($($argument:expr),*)) => {
        with_pixels!(@count $pixels, $tile, $simd, [$($other)*], ($($argument),*),
            2 3 4 5 6 7 8 9 10 11 12 13 14)
    };
}
pub(super) use with_pixels;

/// The near-equal tiles of a row, each of at most `most` pixels: first pixel and number.
#[inline(always)]
pub(super) fn tiles(columns: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = columns.div_ceil(most);
    (0..count).map(move |tile| {
        let first = tile * columns / count;
        (first, (tile + 1) * columns / count - first)
    })
}
