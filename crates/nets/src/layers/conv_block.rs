use burn::module::Module;
use coverslip_ops::{Activation, FeatureMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Conv, Initializer, Norm, NormName};

/// Function applied after each convolution and normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivationName {
    /// Zero for negative values.
    #[default]
    Relu,
    /// A hundredth of negative values.
    LeakyRelu,
    /// Gaussian error linear unit, exact form.
    Gelu,
    /// x times the logistic function of x.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
    /// The identity.
    None,
}

impl From<ActivationName> for Activation {
    fn from(name: ActivationName) -> Self {
        match name {
            ActivationName::Relu => Self::Relu,
            ActivationName::LeakyRelu => Self::LeakyRelu { slope: 0.01 },
            ActivationName::Gelu => Self::Gelu,
            ActivationName::Silu => Self::Silu,
            ActivationName::Tanh => Self::Tanh,
            ActivationName::None => Self::None,
        }
    }
}

/// What one convolution block is made of.
#[derive(Clone, Copy, Debug)]
pub struct ConvBlockConfig {
    /// Kernel `[Z, Y, X]`, odd.
    pub kernel: [usize; 3],
    /// Normalisation after each convolution.
    pub norm: NormName,
    /// Activation after each normalisation.
    pub activation: ActivationName,
}

/// Convolution, normalisation, activation, repeated.
#[derive(Module, Debug)]
pub struct ConvBlock {
    convs: Vec<Conv>,
    norms: Vec<Norm>,
    #[module(skip)]
    activation: Activation,
}

impl ConvBlock {
    /// A block through the given channel numbers: `[a, b, c]` convolves a to b and b to c.
    pub fn new(channels: &[usize], config: ConvBlockConfig, init: &mut Initializer<'_>) -> Self {
        let ConvBlockConfig {
            kernel,
            norm,
            activation,
        } = config;
        // A batch norm's shift makes a bias before it redundant.
        let bias = norm != NormName::Batch;
        let mut block = Self {
            convs: vec![],
            norms: vec![],
            activation: activation.into(),
        };
        for pair in channels.windows(2) {
            block
                .convs
                .push(Conv::new([pair[0], pair[1]], kernel, bias, init));
            block.norms.push(Norm::new(norm, pair[1], init));
        }
        block
    }

    /// `[N, C, Z, Y, X]` with the first channel number to the same with the last.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.convs
            .iter()
            .zip(&self.norms)
            .fold(input, |map, (conv, norm)| {
                conv.forward_normalized(map, norm, self.activation)
            })
    }
}
