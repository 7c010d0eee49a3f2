use burn::tensor::activation;
use coverslip_kernels::{FusedActivation, maps};

use crate::{FeatureMap, cpu::Activate};

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
