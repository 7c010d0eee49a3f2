use burn::tensor::{Tensor, activation};
use coverslip_kernels::{FusedActivation, maps};

use crate::{FeatureMap, add, cpu::Activate, multiply};

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
    /// Gaussian error linear unit, exact form: `x * Phi(x)`.
    Gelu,
    /// `x * sigmoid(x)`, also called Swish.
    Silu,
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
            Self::Elu { .. } | Self::Gelu | Self::Silu | Self::Tanh | Self::Sigmoid => None,
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
                alpha: alpha as f32,
            },
            Activation::Gelu => Self::Gelu,
            Activation::Silu => Self::Silu,
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
        Activation::Gelu => activation::gelu(tensor),
        Activation::Silu => activation::silu(tensor),
        Activation::Tanh => activation::tanh(tensor),
        Activation::Sigmoid => activation::sigmoid(tensor),
    })
}

/// `x` where positive, `slope * x` elsewhere, with a slope `[1]` that is learned (He et al. 2015).
pub fn prelu(input: FeatureMap, slope: Tensor<1>) -> FeatureMap {
    // slope * x + (1 - slope) * max(x, 0)
    let [n, c, ..] = input.dims();
    let factors = |slope: Tensor<1>| {
        FeatureMap::from_tensor(slope.reshape([1, 1, 1, 1, 1]).expand([n, c, 1, 1, 1]))
    };
    let rest = factors(slope.clone().neg().add_scalar(1.0));
    let positive = activate(input.clone(), Activation::Relu);
    add(multiply(input, factors(slope)), multiply(positive, rest))
}
