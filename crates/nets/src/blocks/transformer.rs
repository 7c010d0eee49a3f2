//! The transformer block of vision transformers (Dosovitskiy et al. 2021).

use burn::{module::Module, tensor::Tensor};
use coverslip_ops::{Activation, Dropout, activate};

use super::{
    attention::{SelfAttention, SelfAttentionConfig},
    tokens::as_plane,
};
use crate::{
    build::Scope,
    layers::{DropoutLayer, LayerNorm, Linear},
};

/// Two fully connected layers with GELU between them, for each token by itself.
#[derive(Module, Debug)]
pub struct Perceptron {
    widen: Linear,
    narrow: Linear,
    dropout: [DropoutLayer; 2],
}

impl Perceptron {
    /// From `channels` to `hidden` channels and back; layers are named `linear1` and `linear2`.
    pub fn new(channels: usize, hidden: usize, dropout: f64, scope: &mut Scope<'_>) -> Self {
        Self {
            widen: Linear::new([channels, hidden], true, &mut scope.at("linear1")),
            narrow: Linear::new([hidden, channels], true, &mut scope.at("linear2")),
            dropout: ["drop1", "drop2"]
                .map(|name| DropoutLayer::new(dropout, Dropout::Values, &scope.at(name))),
        }
    }

    /// Tokens `[N, T, C]` to the same shape.
    pub fn forward(&self, tokens: Tensor<3>) -> Tensor<3> {
        let [first, second] = &self.dropout;
        let wide = as_plane(self.widen.forward(tokens), |map| {
            first.forward(activate(map, Activation::Gelu))
        });
        as_plane(self.narrow.forward(wide), |map| second.forward(map))
    }
}

/// Attention and a perceptron, each normalised before and added to its input.
#[derive(Module, Debug)]
pub struct TransformerBlock {
    attention_norm: LayerNorm,
    attention: SelfAttention,
    perceptron_norm: LayerNorm,
    perceptron: Perceptron,
    /// The normalisation of a cross-attention that does not exist: MONAI has kept its parameters in
    /// every block since 1.4. Nothing is computed with it.
    unused_norm: Option<LayerNorm>,
}

impl TransformerBlock {
    /// Named as MONAI's `TransformerBlock`; its perceptron has `hidden` channels inside.
    pub fn new(
        attention: SelfAttentionConfig,
        hidden: usize,
        has_unused_norm: bool,
        scope: &mut Scope<'_>,
    ) -> Self {
        let SelfAttentionConfig {
            channels, dropout, ..
        } = attention;
        let mut norm = |name: &str| LayerNorm::new(channels, &mut scope.at(name));
        Self {
            attention_norm: norm("norm1"),
            perceptron_norm: norm("norm2"),
            unused_norm: has_unused_norm.then(|| norm("norm_cross_attn")),
            attention: attention.build("out_proj", &mut scope.at("attn")),
            perceptron: Perceptron::new(channels, hidden, dropout, &mut scope.at("mlp")),
        }
    }

    /// Tokens `[N, T, C]` to the same shape.
    pub fn forward(&self, tokens: Tensor<3>) -> Tensor<3> {
        let normalized = self.attention_norm.forward(tokens.clone());
        let tokens = tokens + self.attention.forward(normalized, None, None);
        let normalized = self.perceptron_norm.forward(tokens.clone());
        tokens + self.perceptron.forward(normalized)
    }
}
