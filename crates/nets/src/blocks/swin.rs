//! The stages of Swin transformers (Liu et al. 2021).

use std::sync::Arc;

use burn::{
    module::{Module, Param},
    tensor::Tensor,
};
use coverslip_ops::{Dropout, RowMap, take_rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    attention::{SelfAttention, SelfAttentionConfig},
    tokens::as_plane,
    transformer::Perceptron,
    windows::{
        WindowSettings, Windows, index, positions, relative_position_index, relative_positions,
    },
};
use crate::{
    build::{Distribution, Scope},
    layers::{DropoutLayer, LayerNorm, Linear},
};

/// The order in which neighbouring tokens are joined where the grid is halved. Weights fit one order
/// only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenMerging {
    /// That of MONAI's `merging` since version 1.5.
    #[default]
    Merging,
    /// That of MONAI's `mergingv2`: X fastest in stacks. In 2D the same as `merging`.
    MergingV2,
    /// That of MONAI's `merging` before version 1.5, which joins two of the eight neighbours of stacks
    /// twice and leaves two out. For weights of those versions; in 2D the same as `merging`.
    Legacy,
}

impl TokenMerging {
    /// Places `[z, y, x]` within a block of two tokens along each axis.
    fn places(self, dimensions: usize) -> Vec<[usize; 3]> {
        if dimensions == 2 {
            return vec![[0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1]];
        }
        let middle = match self {
            Self::MergingV2 => return positions([2; 3]).collect(),
            Self::Merging => [[1, 1, 0], [1, 0, 1], [0, 1, 1]],
            Self::Legacy => [[1, 0, 1], [0, 1, 0], [0, 0, 1]],
        };
        let first = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]];
        first.into_iter().chain(middle).chain([[1; 3]]).collect()
    }
}

/// What the blocks of a stage are made of.
#[derive(Clone, Copy, Debug)]
pub struct SwinBlockConfig {
    /// The attention within a window.
    pub attention: SelfAttentionConfig,
    /// Channels inside the perceptron.
    pub hidden: usize,
    /// Tokens of a window along `[Z, Y, X]`.
    pub window: [usize; 3],
}

/// Attention within windows and a perceptron, each normalised before and added to its input.
#[derive(Module, Debug)]
struct SwinBlock {
    attention_norm: LayerNorm,
    attention: SelfAttention,
    /// What is added to scores for the relative position of two tokens, `[positions, heads]`.
    position_bias: Param<Tensor<2>>,
    perceptron_norm: LayerNorm,
    perceptron: Perceptron,
    /// Leave both parts out for some images in training (stochastic depth, Huang et al. 2016).
    path_dropout: [DropoutLayer; 2],
}

impl SwinBlock {
    fn new(config: SwinBlockConfig, path_dropout: f64, scope: &mut Scope<'_>) -> Self {
        let SelfAttentionConfig {
            channels,
            heads,
            dropout,
            ..
        } = config.attention;
        let deviation = 0.02;
        let distribution = Distribution::TruncatedNormal { deviation };
        let table = [relative_positions(config.window), heads];
        Self {
            attention_norm: LayerNorm::new(channels, &mut scope.at("norm1")),
            attention: config.attention.build("proj", &mut scope.at("attn")),
            position_bias: scope.at("attn").table(
                "relative_position_bias_table",
                table,
                distribution,
            ),
            perceptron_norm: LayerNorm::new(channels, &mut scope.at("norm2")),
            perceptron: Perceptron::new(channels, config.hidden, dropout, &mut scope.at("mlp")),
            path_dropout: ["drop_path", "drop_path2"]
                .map(|name| DropoutLayer::new(path_dropout, Dropout::Channels, &scope.at(name))),
        }
    }

    /// Tokens `[N, T, C]` to the same shape; `pairs` is the number of the relative position of each
    /// pair of tokens of a window.
    fn forward(
        &self,
        tokens: Tensor<3>,
        windows: &Windows,
        pairs: &Tensor<1, burn::tensor::Int>,
    ) -> Tensor<3> {
        let [images, ..] = tokens.dims();
        let [attention_path, perceptron_path] = &self.path_dropout;
        let bias = self
            .position_bias
            .val()
            .select(0, pairs.clone())
            .transpose();
        let bias = bias.reshape([0, windows.tokens as i32, windows.tokens as i32]);
        let divided = windows.divide(self.attention_norm.forward(tokens.clone()));
        let seen = self
            .attention
            .forward(divided, Some(bias), windows.regions.clone());
        let seen = as_plane(windows.join(seen, images), |map| {
            attention_path.forward(map)
        });
        let tokens = tokens + seen;
        let normalized = self.perceptron_norm.forward(tokens.clone());
        let changed = as_plane(self.perceptron.forward(normalized), |map| {
            perceptron_path.forward(map)
        });
        tokens + changed
    }
}

/// Halves a grid of tokens and doubles their channels.
#[derive(Module, Debug)]
struct Merge {
    norm: LayerNorm,
    reduction: Linear,
    #[module(skip)]
    places: Vec<[usize; 3]>,
}

impl Merge {
    fn new(channels: usize, order: TokenMerging, scope: &mut Scope<'_>) -> Self {
        let places = order.places(scope.io().dimensions);
        let joined = places.len() * channels;
        let reduction = [joined, 2 * channels];
        Self {
            norm: LayerNorm::new(joined, &mut scope.at("norm")),
            reduction: Linear::new(reduction, false, &mut scope.at("reduction")),
            places,
        }
    }

    /// Tokens `[N, T, C]` of a grid to `[N, T / places, 2 C]` of the half grid.
    fn forward(&self, tokens: Tensor<3>, grid: [usize; 3], half: [usize; 3]) -> Tensor<3> {
        let [n, t, c] = tokens.dims();
        let mut sources = Vec::with_capacity(n * t);
        for image in 0..n {
            for block in positions(half) {
                let of_block = self.places.iter().map(|place| {
                    let token =
                        [0, 1, 2].map(|axis| block[axis] * (grid[axis] / half[axis]) + place[axis]);
                    (image * t + index(token, grid)) as u32
                });
                sources.extend(of_block);
            }
        }
        let map = Arc::new(RowMap::new(sources, n * t));
        let joined = take_rows(tokens.reshape([n * t, c]), &map);
        let blocks = half.iter().product();
        let joined = joined.reshape([n, blocks, self.places.len() * c]);
        self.reduction.forward(self.norm.forward(joined))
    }
}

/// Blocks on one grid of tokens, the windows of every second of which are shifted, and the merging
/// of neighbours behind them.
#[derive(Module, Debug)]
pub struct SwinStage {
    blocks: Vec<SwinBlock>,
    merge: Merge,
    #[module(skip)]
    window: [usize; 3],
    /// By how much the grid becomes smaller.
    #[module(skip)]
    factors: [usize; 3],
}

impl SwinStage {
    /// A block for each of `path_dropout`, the share of images that the block is left out for.
    pub fn new(
        config: SwinBlockConfig,
        path_dropout: &[f64],
        merging: TokenMerging,
        scope: &mut Scope<'_>,
    ) -> Self {
        let blocks = path_dropout.iter().enumerate().map(|(number, &share)| {
            let scope = &mut scope.at(format!("blocks.{number}"));
            SwinBlock::new(config, share, scope)
        });
        let blocks = blocks.collect();
        let channels = config.attention.channels;
        Self {
            blocks,
            merge: Merge::new(channels, merging, &mut scope.at("downsample")),
            window: config.window,
            factors: scope.cube(2),
        }
    }

    /// Tokens `[N, T, C]` of a `grid`, whose sizes are even (Z in stacks only), to tokens with twice
    /// the channels of a grid of half the size, which is returned too.
    pub fn forward(&self, tokens: Tensor<3>, grid: [usize; 3]) -> (Tensor<3>, [usize; 3]) {
        let [images, ..] = tokens.dims();
        let windows = [false, true].map(|is_shifted| {
            let settings = WindowSettings {
                grid,
                window: self.window,
                is_shifted,
            };
            Windows::new(settings, images)
        });
        let pairs = relative_position_index(self.window, windows[0].tokens, &tokens.device());
        let blocks = self.blocks.iter().enumerate();
        let tokens = blocks.fold(tokens, |tokens, (number, block)| {
            block.forward(tokens, &windows[number % 2], &pairs)
        });
        let half = [0, 1, 2].map(|axis| grid[axis] / self.factors[axis]);
        (self.merge.forward(tokens, grid, half), half)
    }
}
