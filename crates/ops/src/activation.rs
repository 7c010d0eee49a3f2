//! Activation functions of feature maps, and the soft-max of class scores.

use burn::tensor::{Tensor, activation};
use coverslip_kernels::{FusedActivation, maps};

use crate::{
    FeatureMap, add,
    cpu::{self, Activate, Part, Softmax},
    multiply,
};

/// The constants of [`Activation::Selu`].
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// A function applied to every value of a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// The identity.
    None,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, `slope * x` elsewhere.
    LeakyRelu {
        /// Slope of the negative half.
        slope: f64,
    },
    /// `x` where positive, `alpha * (exp(x) - 1)` elsewhere.
    Elu {
        /// Minus the limit of the negative half.
        alpha: f64,
    },
    /// `x` where positive, `alpha * (exp(x / alpha) - 1)` elsewhere.
    Celu {
        /// Minus the limit of the negative half.
        alpha: f64,
    },
    /// `Elu` that keeps a mean of 0 and a variance of 1 (Klambauer et al. 2017):
    /// `1.0507 * (x, or 1.6733 * (exp(x) - 1) where x is negative)`.
    Selu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// Gaussian error linear unit, exact form: `x * Phi(x)`.
    Gelu,
    /// Its approximation `x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2`.
    GeluTanh,
    /// `x * sigmoid(x)`, also called Swish.
    Silu,
    /// `x * tanh(ln(1 + exp(x)))` (Misra 2019).
    Mish,
    /// `x * min(max(x + 3, 0), 6) / 6` (Howard et al. 2019).
    Hardswish,
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
}

impl Activation {
    /// The same as a convolution can apply it, if it can.
    pub(crate) fn fused(self) -> Option<FusedActivation> {
        match self {
            Self::None => Some(FusedActivation::Identity),
            Self::Relu => Some(FusedActivation::Relu),
            Self::LeakyRelu { slope } => Some(FusedActivation::LeakyRelu(slope as f32)),
            _ => None,
        }
    }
}

impl From<Activation> for maps::Activation {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::None => Self::Identity,
            Activation::Relu => Self::Relu,
            Activation::LeakyRelu { slope } => Self::LeakyRelu {
                slope: slope as f32,
            },
            Activation::Elu { alpha } => Self::Elu {
                scale: 1.0,
                alpha: alpha as f32,
                rate: 1.0,
            },
            Activation::Celu { alpha } => Self::Elu {
                scale: 1.0,
                alpha: alpha as f32,
                rate: (1.0 / alpha) as f32,
            },
            Activation::Selu => Self::Elu {
                scale: SELU_SCALE as f32,
                alpha: (SELU_SCALE * SELU_ALPHA) as f32,
                rate: 1.0,
            },
            Activation::Relu6 => Self::Relu6,
            Activation::Gelu => Self::Gelu,
            Activation::GeluTanh => Self::GeluTanh,
            Activation::Silu => Self::Silu,
            Activation::Mish => Self::Mish,
            Activation::Hardswish => Self::Hardswish,
            Activation::Tanh => Self::Tanh,
            Activation::Sigmoid => Self::Sigmoid,
        }
    }
}

/// Applies `function` to every value.
pub fn activate(input: FeatureMap, function: Activation) -> FeatureMap {
    if function == Activation::None {
        return input;
    }
    if input.is_ours() {
        let activation = function.into();
        return input.call_each(|shape| Activate { shape, activation });
    }
    let tensor = input.into_tensor();
    FeatureMap::from_tensor(match function {
        Activation::None => tensor,
        Activation::Relu => activation::relu(tensor),
        Activation::LeakyRelu { slope } => activation::leaky_relu(tensor, slope),
        Activation::Elu { alpha } => activation::elu(tensor, alpha),
        Activation::Celu { alpha } => activation::celu(tensor, alpha),
        Activation::Selu => activation::selu(tensor),
        Activation::Relu6 => activation::relu6(tensor),
        Activation::Gelu => activation::gelu(tensor),
        Activation::GeluTanh => activation::gelu_approximate(tensor),
        Activation::Silu => activation::silu(tensor),
        Activation::Mish => activation::mish(tensor),
        Activation::Hardswish => activation::hard_swish(tensor),
        Activation::Tanh => activation::tanh(tensor),
        Activation::Sigmoid => activation::sigmoid(tensor),
    })
}

/// Probabilities of classes from their scores `[N, C, Z, Y, X]`: `exp(x) / sum(exp(x))`, the sum over
/// the channels of each pixel.
pub fn softmax(scores: Tensor<5>) -> Tensor<5> {
    if !cpu::is_ours(&scores) {
        return activation::softmax(scores, 1);
    }
    let Part { shape, tensor } = FeatureMap::from_tensor(scores).into_planar_part();
    Tensor::from_dispatch(cpu::call(Softmax { shape }, vec![tensor]))
}

/// `x` where positive, `slope * x` elsewhere, with a slope `[1]`, or `[C]` for each channel, that is
/// learned (He et al. 2015).
pub fn prelu(input: FeatureMap, slope: Tensor<1>) -> FeatureMap {
    // slope * x + (1 - slope) * max(x, 0)
    let [n, c, ..] = input.dims();
    let factors = |slope: Tensor<1>| {
        let slope = slope.reshape([1, -1, 1, 1, 1]);
        FeatureMap::from_tensor(slope.expand([n, c, 1, 1, 1]))
    };
    let rest = factors(slope.clone().neg().add_scalar(1.0));
    let positive = activate(input.clone(), Activation::Relu);
    add(multiply(input, factors(slope)), multiply(positive, rest))
}
