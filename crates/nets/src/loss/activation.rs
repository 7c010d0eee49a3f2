//! The activation that makes probabilities of scores within a loss.

use burn::tensor::{Tensor, activation::sigmoid};
use coverslip_ops::softmax;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What turns scores into probabilities within a loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LossActivation {
    /// The soft-max over the classes, or the sigmoid when there is one channel.
    #[default]
    Auto,
    /// The sigmoid of each channel: classes may overlap.
    Sigmoid,
    /// The soft-max over the classes; nothing when there is one channel.
    Softmax,
    /// Nothing: the output holds probabilities.
    None,
}

impl LossActivation {
    /// Probabilities `[N, C, Z, Y, X]` of such scores.
    pub(super) fn apply(self, scores: Tensor<5>) -> Tensor<5> {
        let channels = scores.dims()[1];
        match self {
            Self::Auto if channels == 1 => sigmoid(scores),
            Self::Sigmoid => sigmoid(scores),
            Self::Auto => softmax(scores),
            Self::Softmax if channels > 1 => softmax(scores),
            Self::Softmax | Self::None => scores,
        }
    }
}
