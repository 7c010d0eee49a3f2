//! A transposed convolution with normalisation, dropout and activation.

use burn::module::Module;
use coverslip_ops::{Activation, FeatureMap, activate};

use crate::layers::{ConvTranspose, DropoutLayer, Norm};

/// Transposed convolution, normalisation, dropout, activation, in this order: a step that enlarges.
#[derive(Module, Debug)]
pub struct ConvTransposeUnit {
    conv: ConvTranspose,
    norm: Norm,
    dropout: Option<DropoutLayer>,
    #[module(skip)]
    activation: Activation,
}

impl ConvTransposeUnit {
    /// A unit of layers that are made already.
    pub fn new(conv: ConvTranspose, norm: Norm, activation: Activation) -> Self {
        Self {
            conv,
            norm,
            dropout: None,
            activation,
        }
    }

    /// The same with dropout before the activation.
    pub fn with_dropout(self, dropout: Option<DropoutLayer>) -> Self {
        Self { dropout, ..self }
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`, sizes as [`ConvTranspose::forward`] gives them.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        let map = self.conv.forward(input);
        match &self.dropout {
            None => self.norm.forward(map, self.activation),
            Some(dropout) => {
                let map = self.norm.forward(map, Activation::None);
                activate(dropout.forward(map), self.activation)
            }
        }
    }
}
