//! Activation functions and their derivatives.

use super::functions;
use super::layout::MapShape;
use super::parts::{TILE, Tile, run};
use crate::simd::{Kernel, Simd};
use crate::{Buffer, Isa, LANES};

/// A function of each value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x`.
    Identity,
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
    /// `x` where positive, `slope x` elsewhere.
    LeakyRelu {
        /// The slope of the negative side.
        slope: f32,
    },
    /// `min(max(x, 0), 6)`; NaN stays NaN.
    Relu6,
    /// `scale x` where positive, `alpha (exp(rate x) - 1)` elsewhere.
    Elu {
        /// Slope of the positive side.
        scale: f32,
        /// Minus the limit of the negative side.
        alpha: f32,
        /// How fast the negative side gets there.
        rate: f32,
    },
    /// `x (1 + erf(x / sqrt 2)) / 2`, not the approximation by a hyperbolic tangent.
    Gelu,
    /// The approximation by a hyperbolic tangent:
    /// `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.
    GeluTanh,
    /// `x / (1 + exp(-x))`.
    Silu,
    /// `x tanh(ln(1 + exp(x)))`.
    Mish,
    /// `x min(max(x + 3, 0), 6) / 6`.
    Hardswish,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
}

/// A loop of its own for each function, so that the compiler makes vectors of it.
#[inline(always)]
fn each(values: &mut [f32], function: impl Fn(f32) -> f32) {
    for value in values {
        *value = function(*value);
    }
}

impl Activation {
    /// Replaces values by the function of them.
    #[inline(always)]
    pub(super) fn apply(self, values: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => each(values, |x| if x < 0.0 { 0.0 } else { x }),
            Self::LeakyRelu { slope } => each(values, |x| if x > 0.0 { x } else { slope * x }),
            Self::Relu6 => each(values, |x| {
                let x = if x < 0.0 { 0.0 } else { x };
                if x > 6.0 { 6.0 } else { x }
            }),
            Self::Elu { scale, alpha, rate } => each(values, |x| {
                let negative = alpha * functions::exp_minus_one(rate * x);
                if x > 0.0 { scale * x } else { negative }
            }),
            Self::Gelu => each(values, functions::gelu),
            Self::GeluTanh => each(values, functions::gelu_tanh),
            Self::Mish => each(values, functions::mish),
            Self::Hardswish => each(values, |x| {
                let ramp = if x < -3.0 { 0.0 } else { x + 3.0 };
                x * (if ramp > 6.0 { 6.0 } else { ramp } / 6.0)
            }),
            Self::Silu => each(values, |x| x * functions::sigmoid(x)),
            Self::Tanh => each(values, functions::tanh),
            Self::Sigmoid => each(values, functions::sigmoid),
        }
    }

    /// Replaces values by the derivative at them; at the kink it is that of the negative side.
    #[inline(always)]
    pub(super) fn slope(self, values: &mut [f32]) {
        match self {
            Self::Identity => values.fill(1.0),
            Self::Relu => each(values, |x| if x <= 0.0 { 0.0 } else { 1.0 }),
            Self::LeakyRelu { slope } => each(values, |x| if x > 0.0 { 1.0 } else { slope }),
            Self::Relu6 => each(values, |x| if x <= 0.0 || x >= 6.0 { 0.0 } else { 1.0 }),
            Self::Elu { scale, alpha, rate } => each(values, |x| {
                let negative = alpha * rate * functions::exp(rate * x);
                if x > 0.0 { scale } else { negative }
            }),
            Self::Gelu => each(values, functions::gelu_slope),
            Self::GeluTanh => each(values, functions::gelu_tanh_slope),
            Self::Mish => each(values, functions::mish_slope),
            Self::Hardswish => each(values, |x| {
                let middle = (2.0 * x + 3.0) / 6.0;
                let above = if x >= 3.0 { 1.0 } else { middle };
                if x <= -3.0 { 0.0 } else { above }
            }),
            Self::Silu => each(values, functions::silu_slope),
            Self::Tanh => each(values, functions::tanh_slope),
            Self::Sigmoid => each(values, functions::sigmoid_slope),
        }
    }

    /// Whether lanes without a channel would not stay zero.
    pub(super) fn lifts_zero(self) -> bool {
        self == Self::Sigmoid
    }
}

/// Sets the lanes to zero that hold no channel.
#[inline(always)]
pub(super) fn clear_lanes(values: &mut [f32], first_empty: usize) {
    for pixel in values.chunks_exact_mut(LANES) {
        pixel[first_empty..].fill(0.0);
    }
}

impl MapShape {
    /// The number of lanes in use, where a plane's last lanes have no channel and `activation` would
    /// not leave them zero.
    pub(super) fn lanes_to_clear(&self, activation: Activation, plane: usize) -> Option<usize> {
        let used = self.channels_of(plane % self.units()).len();
        (activation.lifts_zero() && used < self.lanes()).then_some(used)
    }
}

/// The function of each value of a map.
///
/// # Panics
///
/// When the number of values is not that of the shape.
pub fn activate(isa: Isa, shape: MapShape, x: &[f32], activation: Activation) -> Buffer {
    let ones = vec![1.0; shape.channels];
    let zeros = vec![0.0; shape.channels];
    super::norm::normalize_activate(isa, shape, x, &ones, &zeros, activation)
}

struct Backward<'a> {
    x: &'a [f32],
    gradient: &'a mut [f32],
    activation: Activation,
}

impl Kernel for Backward<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let mut tile = Tile([0.0; TILE]);
        for (x, gradient) in self.x.chunks(TILE).zip(self.gradient.chunks_mut(TILE)) {
            let slopes = &mut tile.0[..x.len()];
            slopes.copy_from_slice(x);
            self.activation.slope(slopes);
            for (gradient, slope) in gradient.iter_mut().zip(slopes) {
                *gradient *= *slope;
            }
        }
    }
}

/// Turns the gradient of an activation's output into that of its input `x`, in place.
///
/// # Panics
///
/// When the numbers of values are not that of the shape.
pub fn activate_backward(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    gradient: &mut [f32],
    activation: Activation,
) {
    assert_eq!(x.len(), shape.len());
    shape.for_each_part_of(gradient, |part, gradient| {
        let x = &x[part.start..][..part.len];
        let kernel = Backward {
            x,
            gradient,
            activation,
        };
        // SAFETY: the kernel has slices.
        unsafe { run(isa, kernel) };
    });
}
