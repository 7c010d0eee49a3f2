//! The transcendental functions of the activations, within a few units in the last place.
//!
//! They have no branches and call nothing, so that a loop over them becomes vector code of the
//! instruction set it is compiled for; the functions of the standard library would be called value
//! by value, ten times slower than memory. Coefficients are minimax fits of the relative error.

use std::f32::consts::{LN_2, LOG2_E};

/// Adding it rounds to an integer, which is then in the low bits.
const ROUND: f32 = 12_582_912.0;
/// `ln 2` in two parts, the first short enough that its small multiples are exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;

/// The polynomial `(exp(r) - r - 1) / r^2` for `|r| <= ln 2 / 2`.
#[inline(always)]
fn curvature(r: f32) -> f32 {
    let p = 0.001_390_133_3 * r + 0.008_363_145;
    let p = p * r + 0.041_666_854;
    let p = p * r + 0.166_665_78;
    p * r + 0.5
}

/// `exp(high + low)`, where `low` is a small correction of `high`. Overflows to infinity and
/// underflows through the subnormal numbers to zero; NaN stays NaN.
#[inline(always)]
fn exp_sum(high: f32, low: f32) -> f32 {
    let high = if high > 90.0 { 90.0 } else { high };
    let high = if high < -110.0 { -110.0 } else { high };
    let shifted = high * LOG2_E + ROUND;
    let count = shifted - ROUND;
    let r = (high - count * LN_2_HIGH) - count * LN_2_LOW + low;
    let value = curvature(r) * (r * r) + r + 1.0;
    // Two factors, because 2^count may not be a normal number where the result still is one.
    let exponent = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = exponent >> 1;
    let power = |n: i32| f32::from_bits((n.wrapping_add(127) as u32) << 23);
    value * power(half) * power(exponent.wrapping_sub(half))
}

/// `exp(x)`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    exp_sum(x, 0.0)
}

/// `exp(x) - 1` for `x <= 0`.
#[inline(always)]
pub(super) fn exp_minus_one(x: f32) -> f32 {
    let near = curvature(x) * (x * x) + x;
    let far = exp(x) - 1.0;
    if x > -0.5 * LN_2 { near } else { far }
}

/// The logistic function `1 / (1 + exp(-x))`. The exponential of a negative number cannot overflow
/// and keeps the relative precision of the small values.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// The derivative of [`sigmoid`].
#[inline(always)]
pub(super) fn sigmoid_slope(x: f32) -> f32 {
    let e = exp(-x.abs());
    e / ((1.0 + e) * (1.0 + e))
}

/// The derivative of `x sigmoid(x)`.
#[inline(always)]
pub(super) fn silu_slope(x: f32) -> f32 {
    let s = sigmoid(x);
    s + x * sigmoid_slope(x)
}

/// The hyperbolic tangent.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let s = x * x;
    let p = -0.006_096_934 * s + 0.020_997_351;
    let p = p * s - 0.053_850_953;
    let p = p * s + 0.133_327_71;
    let p = p * s - 0.333_333_28;
    let near = x + x * (s * p);
    let e = exp(-2.0 * x.abs());
    let far = ((1.0 - e) / (1.0 + e)).copysign(x);
    if s < 0.390_625 { near } else { far }
}

/// The derivative of [`tanh`].
#[inline(always)]
pub(super) fn tanh_slope(x: f32) -> f32 {
    4.0 * sigmoid_slope(2.0 * x)
}

/// `exp(-x^2 / 2)`. The square's rounding error would be multiplied by `x^2 / 2`, so the square is
/// taken apart.
#[inline(always)]
fn bell(x: f32) -> f32 {
    let high = f32::from_bits(x.to_bits() & 0xffff_f000);
    // Beyond, the result is zero; infinity would give infinity minus infinity.
    let (x, high) = if x.abs() > 16.0 {
        (16.0, 16.0)
    } else {
        (x, high)
    };
    exp_sum(-0.5 * (high * high), -0.5 * ((x - high) * (x + high)))
}

/// The standard normal distribution's cumulative function, `(1 + erf(x / sqrt 2)) / 2`, given
/// `bell(x)`. The ratio of the upper tail to the bell curve is smooth; it is a polynomial in
/// `1 / (1 + 0.3 |x|)`.
#[inline(always)]
fn normal_below(x: f32, bell: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.3 * x.abs());
    let p = -0.020_628_713 * t + 0.112_465_06;
    let p = p * t - 0.228_285_4;
    let p = p * t + 0.191_884_09;
    let p = p * t - 0.079_509_795;
    let p = p * t + 0.096_205_24;
    let p = p * t + 0.078_372_12;
    let p = p * t + 0.110_239_364;
    let p = p * t + 0.119_571_31;
    let p = p * t + 0.119_686_715;
    let tail = p * t * bell;
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// `x` times the standard normal distribution's cumulative function.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    x * normal_below(x, bell(x))
}

/// The derivative of [`gelu`].
#[inline(always)]
pub(super) fn gelu_slope(x: f32) -> f32 {
    const DENSITY: f32 = 0.398_942_3;
    let bell = bell(x);
    normal_below(x, bell) + x * (DENSITY * bell)
}

/// What the approximation of [`gelu`] takes the hyperbolic tangent of, and its derivative.
#[inline(always)]
fn gelu_tanh_inner(x: f32) -> (f32, f32) {
    const RATE: f32 = 0.797_884_6;
    const CUBIC: f32 = 0.044_715;
    let square = x * x;
    (
        RATE * x * (1.0 + CUBIC * square),
        RATE * (1.0 + 3.0 * CUBIC * square),
    )
}

/// `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`; half of one plus the hyperbolic tangent is
/// the logistic function of twice the number, which keeps the precision of small values.
#[inline(always)]
pub(super) fn gelu_tanh(x: f32) -> f32 {
    x * sigmoid(2.0 * gelu_tanh_inner(x).0)
}

/// The derivative of [`gelu_tanh`].
#[inline(always)]
pub(super) fn gelu_tanh_slope(x: f32) -> f32 {
    let (inner, slope) = gelu_tanh_inner(x);
    sigmoid(2.0 * inner) + x * (2.0 * slope * sigmoid_slope(2.0 * inner))
}

/// The hyperbolic tangent of `ln(1 + exp(x))`, which is `(e^2 + 2e) / (e^2 + 2e + 2)` with
/// `e = exp(x)`. Beyond 20 it is 1 in single precision.
#[inline(always)]
fn mish_gate(x: f32) -> f32 {
    let e = exp(if x > 20.0 { 20.0 } else { x });
    let n = e * (e + 2.0);
    n / (n + 2.0)
}

/// `x tanh(ln(1 + exp(x)))`.
#[inline(always)]
pub(super) fn mish(x: f32) -> f32 {
    x * mish_gate(x)
}

/// The derivative of [`mish`].
#[inline(always)]
pub(super) fn mish_slope(x: f32) -> f32 {
    // 1 - gate^2 = 4 (n + 1) / (n + 2)^2, without cancellation.
    let e = exp(if x > 20.0 { 20.0 } else { x });
    let n = e * (e + 2.0);
    let gate = n / (n + 2.0);
    let bend = 4.0 * (n + 1.0) / ((n + 2.0) * (n + 2.0));
    gate + x * (bend * sigmoid(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest relative error over a grid, against the same formula in `f64`.
    fn worst(range: [f32; 2], got: impl Fn(f32) -> f32, expected: impl Fn(f64) -> f64) -> f64 {
        (0..=200_000)
            .map(|step| range[0] + (range[1] - range[0]) * step as f32 / 200_000.0)
            .map(|x| (f64::from(got(x)), expected(f64::from(x))))
            .map(|(got, expected)| (got - expected).abs() / expected.abs().max(1e-37))
            .fold(0.0, f64::max)
    }

    #[test]
    #[cfg_attr(miri, ignore = "has many values, and no memory to go wrong with")]
    fn functions_keep_their_relative_precision() {
        assert!(worst([-87.0, 88.0], exp, f64::exp) < 3e-7);
        assert!(worst([-80.0, 0.0], exp_minus_one, f64::exp_m1) < 3e-7);
        assert!(worst([-80.0, 80.0], sigmoid, |x| 1.0 / (1.0 + (-x).exp())) < 4e-7);
        assert!(worst([-20.0, 20.0], tanh, f64::tanh) < 4e-7);
        let tanh_slope_reference = |x: f64| x.cosh().powi(-2);
        assert!(worst([-20.0, 20.0], tanh_slope, tanh_slope_reference) < 8e-7);
        assert!(worst([-10.0, 10.0], bell, |x| (-0.5 * x * x).exp()) < 4e-7);
    }

    #[test]
    fn the_ends_of_the_range() {
        for function in [exp, sigmoid, tanh, gelu, gelu_slope, silu_slope] {
            assert!(function(f32::NAN).is_nan());
        }
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(sigmoid(f32::INFINITY), 1.0);
        assert_eq!(sigmoid(f32::NEG_INFINITY), 0.0);
        assert_eq!(tanh(f32::NEG_INFINITY), -1.0);
        assert_eq!(gelu(1e30), 1e30);
        assert_eq!(gelu(-1e30), 0.0);
    }
}
