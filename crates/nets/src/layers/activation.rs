use burn::{
    module::{Module, Param},
    tensor::Tensor,
};
use coverslip_ops::{Activation, FeatureMap, activate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::build::{Draw, Scope};

/// Function applied after each convolution and normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivationName {
    /// Zero for negative values.
    #[default]
    Relu,
    /// A hundredth of negative values.
    LeakyRelu,
    /// A learned share of negative values, one for all channels; a quarter at first.
    Prelu,
    /// Exponential linear unit.
    Elu,
    /// Gaussian error linear unit, exact form.
    Gelu,
    /// x times the logistic function of x.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
    /// The identity.
    None,
}

impl ActivationName {
    /// The function; `None` for that with a parameter.
    pub fn function(self) -> Option<Activation> {
        Some(match self {
            Self::Relu => Activation::Relu,
            Self::LeakyRelu => Activation::LeakyRelu { slope: 0.01 },
            Self::Prelu => return None,
            Self::Elu => Activation::Elu { alpha: 1.0 },
            Self::Gelu => Activation::Gelu,
            Self::Silu => Activation::Silu,
            Self::Tanh => Activation::Tanh,
            Self::Sigmoid => Activation::Sigmoid,
            Self::None => Activation::None,
        })
    }
}

/// An activation, perhaps with a learned slope.
#[derive(Module, Debug)]
pub struct Activate {
    /// Slope of the negative half, `[1]` (`PReLU`, He et al. 2015).
    slope: Option<Param<Tensor<1>>>,
    #[module(skip)]
    function: Activation,
}

impl Activate {
    /// The named activation; the slope is named `weight` in `scope`.
    pub fn new(name: ActivationName, scope: &mut Scope<'_>) -> Self {
        match name.function() {
            Some(function) => Self::fixed(function),
            None => Self {
                slope: Some(scope.table("weight", [1], Draw::Constant(0.25))),
                function: Activation::None,
            },
        }
    }

    /// A function without parameters.
    pub fn fixed(function: Activation) -> Self {
        Self {
            slope: None,
            function,
        }
    }

    /// The function, unless it has a parameter.
    pub fn function(&self) -> Option<Activation> {
        self.slope.is_none().then_some(self.function)
    }

    /// Same shape.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        match &self.slope {
            Some(slope) => coverslip_ops::prelu(input, slope.val()),
            None => activate(input, self.function),
        }
    }
}
