//! Multi-head self-attention (Vaswani et al. 2017).

use std::sync::Arc;

use burn::{module::Module, tensor::Tensor};
use coverslip_ops::{AttentionOptions, Dropout, Regions, attention};

use super::tokens::as_plane;
use crate::{
    build::{NetworkError, Scope},
    layers::{DropoutLayer, Linear},
};

/// What a self-attention is made of.
#[derive(Clone, Copy, Debug)]
pub struct SelfAttentionConfig {
    /// Channels of a token.
    pub channels: usize,
    /// Heads, each of which has an equal part of the channels.
    pub heads: usize,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Share of the attention weights that is dropped in training.
    pub weight_dropout: f64,
    /// Share of the output that is dropped in training.
    pub dropout: f64,
}

impl SelfAttentionConfig {
    /// Refuses heads that the channels cannot be divided among; `key` is the option that says how
    /// many.
    ///
    /// # Errors
    ///
    /// When there is no head, or a head would have a fraction of a channel.
    pub fn check_heads(&self, key: &'static str) -> Result<(), NetworkError> {
        let Self {
            channels, heads, ..
        } = *self;
        if heads > 0 && channels.is_multiple_of(heads) {
            return Ok(());
        }
        let problem = format!(
            "{heads} heads cannot share {channels} channels equally; use a divisor of {channels}"
        );
        Err(NetworkError::new(key, problem))
    }

    /// Makes the layers; those of the output are named `output` in `scope`.
    pub fn build(&self, output: &str, scope: &mut Scope<'_>) -> SelfAttention {
        let channels = self.channels;
        SelfAttention {
            qkv: Linear::new(
                [channels, 3 * channels],
                self.qkv_bias,
                &mut scope.at("qkv"),
            ),
            projection: Linear::new([channels, channels], true, &mut scope.at(output)),
            weight_dropout: DropoutLayer::new(
                self.weight_dropout,
                Dropout::Values,
                &scope.at("drop_weights"),
            ),
            dropout: DropoutLayer::new(self.dropout, Dropout::Values, &scope.at("drop_output")),
            heads: self.heads,
        }
    }
}

/// Every token looks at all tokens of its sequence.
#[derive(Module, Debug)]
pub struct SelfAttention {
    /// Queries, keys and values: `[out, in]` with `out` in the order (which of them, head, channel).
    qkv: Linear,
    projection: Linear,
    weight_dropout: DropoutLayer,
    dropout: DropoutLayer,
    #[module(skip)]
    heads: usize,
}

impl SelfAttention {
    /// Tokens `[N, T, C]` to the same shape.
    ///
    /// `bias` (`[heads, T, T]`) is added to the scores; tokens of different `regions` hardly see each
    /// other.
    pub fn forward(
        &self,
        tokens: Tensor<3>,
        bias: Option<Tensor<3>>,
        regions: Option<Arc<Regions>>,
    ) -> Tensor<3> {
        let options = AttentionOptions {
            heads: self.heads,
            bias,
            regions,
            dropout: self.weight_dropout.draw(&tokens.device()),
        };
        let seen = attention(self.qkv.forward(tokens), options);
        as_plane(self.projection.forward(seen), |map| {
            self.dropout.forward(map)
        })
    }
}
