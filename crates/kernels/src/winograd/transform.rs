//! The three linear maps of F(4 x 4, 3 x 3) at the points 0, 1, -1, 2, -2 and infinity (Lavin and
//! Gray 2016), along one axis. Two axes are transformed one after the other.

use crate::simd::Simd;

/// Values along an axis of a transformed tile.
pub(super) const FREQUENCIES: usize = 6;
/// Output pixels along an axis of a tile.
pub(super) const OUTPUTS: usize = 4;

/// An array of `$value` for each `$index` from 0 on: a loop that surely is none. Closures and iterators
/// over arrays of vectors may stay functions of their own, which then lack the instruction set.
macro_rules! unrolled {
    (6, $index:ident => $value:expr) => {
        unrolled!(@each $index, $value, 0 1 2 3 4 5)
    };
    (4, $index:ident => $value:expr) => {
        unrolled!(@each $index, $value, 0 1 2 3)
    };
    (3, $index:ident => $value:expr) => {
        unrolled!(@each $index, $value, 0 1 2)
    };
    (@each $index:ident, $value:expr, $($number:literal)*) => {
        [$({
            #[allow(non_upper_case_globals)]
            const $index: usize = $number;
            $value
        }),*]
    };
}
pub(super) use unrolled;

/// `B^T d`: six input values to six frequencies.
///
/// # Safety
///
/// The processor must have the instruction set of `S`; also of the functions below.
#[inline(always)]
pub(super) unsafe fn input<S: Simd>(d: [S::Vector; 6]) -> [S::Vector; 6] {
    // SAFETY: as the caller promises.
    unsafe {
        let two = S::splat(2.0);
        let four = S::splat(4.0);
        let minus_four = S::splat(-4.0);
        let minus_five = S::splat(-5.0);
        let a = S::mul_add(minus_four, d[2], d[4]);
        let b = S::mul_add(minus_four, d[1], d[3]);
        let c = S::sub(d[4], d[2]);
        let e = S::mul(two, S::sub(d[3], d[1]));
        [
            S::mul_add(four, d[0], S::mul_add(minus_five, d[2], d[4])),
            S::add(a, b),
            S::sub(a, b),
            S::add(c, e),
            S::sub(c, e),
            S::mul_add(four, d[1], S::mul_add(minus_five, d[3], d[5])),
        ]
    }
}

/// `A^T m`: six frequencies to four output values.
#[inline(always)]
pub(super) unsafe fn output<S: Simd>(m: [S::Vector; 6]) -> [S::Vector; 4] {
    // SAFETY: as the caller promises.
    unsafe {
        let a = S::add(m[1], m[2]);
        let b = S::sub(m[1], m[2]);
        let c = S::add(m[3], m[4]);
        let e = S::sub(m[3], m[4]);
        [
            S::add(m[0], S::add(a, c)),
            S::mul_add(S::splat(2.0), e, b),
            S::mul_add(S::splat(4.0), c, a),
            S::add(S::mul_add(S::splat(8.0), e, b), m[5]),
        ]
    }
}

/// `A y`: the transpose of [`output`], for gradients.
#[inline(always)]
pub(super) unsafe fn gradient<S: Simd>(y: [S::Vector; 4]) -> [S::Vector; 6] {
    // SAFETY: as the caller promises.
    unsafe {
        let four = S::splat(4.0);
        let even = S::add(y[0], y[2]);
        let odd = S::add(y[1], y[3]);
        let wide_even = S::mul_add(four, y[2], y[0]);
        let wide_odd = S::mul(S::splat(2.0), S::mul_add(four, y[3], y[1]));
        [
            y[0],
            S::add(even, odd),
            S::sub(even, odd),
            S::add(wide_even, wide_odd),
            S::sub(wide_even, wide_odd),
            y[3],
        ]
    }
}

/// `G w`: three taps to six frequencies.
#[inline(always)]
pub(super) unsafe fn weight<S: Simd>(w: [S::Vector; 3]) -> [S::Vector; 6] {
    // SAFETY: as the caller promises.
    unsafe {
        let sixth = S::splat(1.0 / 6.0);
        let minus_sixth = S::splat(-1.0 / 6.0);
        let a = S::mul(minus_sixth, S::add(w[0], w[2]));
        let b = S::mul(minus_sixth, w[1]);
        let c = S::mul_add(S::splat(1.0 / 24.0), w[0], S::mul(sixth, w[2]));
        let e = S::mul(S::splat(1.0 / 12.0), w[1]);
        [
            S::mul(S::splat(0.25), w[0]),
            S::add(a, b),
            S::sub(a, b),
            S::add(c, e),
            S::sub(c, e),
            w[2],
        ]
    }
}

/// `G^T u`: the transpose of [`weight`], for gradients of weights.
#[inline(always)]
pub(super) unsafe fn weight_gradient<S: Simd>(u: [S::Vector; 6]) -> [S::Vector; 3] {
    // SAFETY: as the caller promises.
    unsafe {
        let sixth = S::splat(1.0 / 6.0);
        let a = S::mul(sixth, S::add(u[1], u[2]));
        let b = S::sub(u[2], u[1]);
        let c = S::add(u[3], u[4]);
        let e = S::sub(u[3], u[4]);
        let first = S::mul_add(S::splat(0.25), u[0], S::mul(S::splat(1.0 / 24.0), c));
        [
            S::sub(first, a),
            S::mul_add(S::splat(1.0 / 12.0), e, S::mul(sixth, b)),
            S::add(S::sub(S::mul(sixth, c), a), u[5]),
        ]
    }
}
