//! Swin UNETR (Hatamizadeh et al. 2022): a Swin transformer as the encoder of a U-Net.
//!
//! With its defaults it is MONAI's `SwinUNETR`, whose names its tensors have.

use burn::{module::Module, tensor::Tensor};
use coverslip_ops::{Dropout, FeatureMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{
        SelfAttentionConfig, SwinBlockConfig, SwinStage, TokenMerging, UnetResBlock, UnetrUp,
        as_plane, map_to_tokens, tokens_to_map,
    },
    build::{Extent, Initialization, NetworkError, Scope},
    layers::{Conv, ConvConfig, DropoutLayer, LayerNorm, NormConfig, normalize_last},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Stages of the transformer.
const STAGES: usize = 4;

/// Swin UNETR (Hatamizadeh et al. 2022): shifted-window transformer, convolutional decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the reference"
)]
pub struct SwinUnetrConfig {
    /// Channels at full resolution, a multiple of 12. Each stage of the transformer has twice those
    /// of the one before.
    #[schemars(range(min = 12, max = 768))]
    pub feature_size: usize,
    /// Blocks of each of the four stages.
    pub depths: [usize; STAGES],
    /// Heads of each of the four stages; a divisor of the stage's channels, which are `feature_size`
    /// times 1, 2, 4 and 8.
    pub heads: [usize; STAGES],
    /// Tokens of a window within which attention is computed, `[z, y, x]`, `[y, x]`, or one number for
    /// all axes. Time and memory grow with the square of a window's tokens.
    pub window: Extent,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// By how much the perceptrons widen the channels.
    #[schemars(range(min = 0.01, max = 16.0))]
    pub mlp_ratio: f64,
    /// Whether the outputs of the stages are normalised before the decoder gets them.
    pub normalize: bool,
    /// Whether patches are normalised before the first stage.
    pub patch_norm: bool,
    /// The order in which neighbouring tokens are joined between the stages.
    pub merging: TokenMerging,
    /// Whether convolutions precede each stage (Swin UNETR-V2, He et al. 2023).
    pub residual_stages: bool,
    /// Normalisation after each convolution of the decoder.
    pub norm: NormConfig,
    /// Share of values that is dropped in the transformer while training.
    #[schemars(range(min = 0.0, max = 0.99))]
    pub dropout: f64,
    /// Share of attention weights that is dropped while training.
    #[schemars(range(min = 0.0, max = 0.99))]
    pub attention_dropout: f64,
    /// Share of images that skip the last block while training; fewer skip the blocks before.
    #[schemars(range(min = 0.0, max = 0.99))]
    pub path_dropout: f64,
}

impl Default for SwinUnetrConfig {
    fn default() -> Self {
        Self {
            feature_size: 24,
            depths: [2; STAGES],
            heads: [3, 6, 12, 24],
            window: Extent::All(7),
            qkv_bias: true,
            mlp_ratio: 4.0,
            normalize: true,
            patch_norm: false,
            merging: TokenMerging::default(),
            residual_stages: false,
            norm: NormConfig::INSTANCE,
            dropout: 0.0,
            attention_dropout: 0.0,
            path_dropout: 0.0,
        }
    }
}

impl Architecture for SwinUnetrConfig {
    type Network = SwinUnetr;

    /// # Errors
    ///
    /// When an option is outside its range, `feature_size` is no multiple of 12, or the heads of a
    /// stage cannot share its channels equally.
    fn build(&self, scope: &mut Scope<'_>) -> Result<SwinUnetr, NetworkError> {
        self.check_ranges()?;
        let io = scope.io();
        let window = self.window(scope)?;
        let features = self.feature_size;
        // What every layer of the reference starts with.
        scope.set_initialization(Initialization::Pytorch);
        let patch = scope.cube(2);
        let embedding = ConvConfig::new([io.in_channels, features], patch)
            .stride(patch)
            .padding([0; 3]);
        let transformer = &mut scope.at("swinViT");
        let embedding = embedding.build(&mut transformer.at("patch_embed.proj"));
        let patch_norm = self
            .patch_norm
            .then(|| LayerNorm::new(features, &mut transformer.at("patch_embed.norm")));
        let dropout = DropoutLayer::new(self.dropout, Dropout::Values, &transformer.at("pos_drop"));
        let mut stages = Vec::with_capacity(STAGES);
        let mut stage_convs = Vec::new();
        for index in 0..STAGES {
            let config = self.block(index, window)?;
            let path_dropout = self.path_dropouts(index);
            let name = format!("layers{}.0", index + 1);
            let scope = &mut transformer.at(name);
            stages.push(SwinStage::new(config, &path_dropout, self.merging, scope));
            if self.residual_stages {
                let channels = [config.attention.channels; 2];
                let norm = NormConfig::INSTANCE;
                let scope = &mut transformer.at(format!("layers{}c.0.layer", index + 1));
                stage_convs.push(UnetResBlock::new(channels, norm, true, scope));
            }
        }
        let norm = self.norm;
        let mut conv = |channels: [usize; 2], number: usize| {
            let scope = &mut scope.at(format!("encoder{number}.layer"));
            UnetResBlock::new(channels, norm, true, scope)
        };
        let stem = conv([io.in_channels, features], 1);
        let skip_convs = (0..3).map(|level| conv([features << level; 2], level + 2));
        let skip_convs = skip_convs.collect();
        let bottom = conv([16 * features; 2], 10);
        let decoder = (1..=5).rev().map(|number: usize| {
            let output = features << number.saturating_sub(2);
            let input = if number == 1 { features } else { 2 * output };
            let scope = &mut scope.at(format!("decoder{number}"));
            UnetrUp::new([input, output], norm, true, scope)
        });
        let decoder = decoder.collect();
        let head = ConvConfig::new([features, io.out_channels], [1; 3]);
        Ok(SwinUnetr {
            embedding,
            patch_norm,
            dropout,
            stage_convs,
            stages,
            stem,
            skip_convs,
            bottom,
            decoder,
            head: head.build(&mut scope.at("out.conv.conv")),
            normalizes: self.normalize,
            multiple: scope.cube(32),
        })
    }
}

impl SwinUnetrConfig {
    fn check_ranges(&self) -> Result<(), NetworkError> {
        let features = self.feature_size;
        for (key, value, [least, most]) in [
            ("feature_size", features as f64, [1.0, 768.0]),
            ("mlp_ratio", self.mlp_ratio, [0.01, 16.0]),
            ("dropout", self.dropout, [0.0, 0.99]),
            ("attention_dropout", self.attention_dropout, [0.0, 0.99]),
            ("path_dropout", self.path_dropout, [0.0, 0.99]),
        ] {
            NetworkError::check_range(key, value, least, most)?;
        }
        for depth in self.depths {
            NetworkError::check_range("depths", depth as f64, 1.0, 64.0)?;
        }
        if !features.is_multiple_of(12) {
            let below = (features / 12 * 12).max(12);
            let problem = format!(
                "{features} is no multiple of 12; use {below} or {}",
                features.next_multiple_of(12).max(24)
            );
            return Err(NetworkError::new("feature_size", problem));
        }
        Ok(())
    }

    /// The window along `[Z, Y, X]`.
    fn window(&self, scope: &Scope<'_>) -> Result<[usize; 3], NetworkError> {
        let window = self.window.resolve("window", scope.io())?;
        for size in window {
            NetworkError::check_range("window", size as f64, 1.0, 64.0)?;
        }
        let tokens: usize = window.iter().product();
        if tokens > 4096 {
            let problem = format!(
                "{window:?} (z, y, x) makes windows of {tokens} tokens; at most 4096 are possible"
            );
            return Err(NetworkError::new("window", problem));
        }
        Ok(window)
    }

    /// The blocks of a stage.
    fn block(&self, stage: usize, window: [usize; 3]) -> Result<SwinBlockConfig, NetworkError> {
        let channels = self.feature_size << stage;
        let attention = SelfAttentionConfig {
            channels,
            heads: self.heads[stage],
            qkv_bias: self.qkv_bias,
            weight_dropout: self.attention_dropout,
            dropout: self.dropout,
        };
        attention.check_heads("heads")?;
        let hidden = (channels as f64 * self.mlp_ratio) as usize;
        if hidden == 0 {
            let problem = format!("{} leaves nothing of {channels} channels", self.mlp_ratio);
            return Err(NetworkError::new("mlp_ratio", problem));
        }
        Ok(SwinBlockConfig {
            attention,
            hidden,
            window,
        })
    }

    /// The shares of images that skip the blocks of a stage, which grow evenly over all blocks.
    fn path_dropouts(&self, stage: usize) -> Vec<f64> {
        let first: usize = self.depths[..stage].iter().sum();
        let last = self.depths.iter().sum::<usize>() - 1;
        let blocks = first..first + self.depths[stage];
        let share = |block: usize| self.path_dropout * block as f64 / last.max(1) as f64;
        blocks.map(share).collect()
    }
}

/// Swin UNETR; see [`SwinUnetrConfig`].
#[derive(Module, Debug)]
pub struct SwinUnetr {
    embedding: Conv,
    patch_norm: Option<LayerNorm>,
    dropout: DropoutLayer,
    /// Before each stage, if any.
    stage_convs: Vec<UnetResBlock>,
    stages: Vec<SwinStage>,
    /// Of the image itself.
    stem: UnetResBlock,
    /// Of the input of the first stage and the outputs of the first two.
    skip_convs: Vec<UnetResBlock>,
    /// Of the output of the last stage.
    bottom: UnetResBlock,
    decoder: Vec<UnetrUp>,
    head: Conv,
    #[module(skip)]
    normalizes: bool,
    #[module(skip)]
    multiple: [usize; 3],
}

impl SwinUnetr {
    /// Tokens as the decoder gets them.
    fn shown(&self, tokens: Tensor<3>, grid: [usize; 3]) -> FeatureMap {
        let tokens = if self.normalizes {
            normalize_last(tokens)
        } else {
            tokens
        };
        tokens_to_map(tokens, grid)
    }

    /// What the decoder gets of the transformer: its input and the output of each stage.
    fn levels(&self, image: FeatureMap) -> Vec<FeatureMap> {
        let map = self.embedding.forward(image);
        let mut grid = map.spatial();
        let mut tokens = map_to_tokens(map);
        if let Some(norm) = &self.patch_norm {
            tokens = norm.forward(tokens);
        }
        tokens = as_plane(tokens, |map| self.dropout.forward(map));
        let mut levels = vec![self.shown(tokens.clone(), grid)];
        for (index, stage) in self.stages.iter().enumerate() {
            if let Some(conv) = self.stage_convs.get(index) {
                tokens = map_to_tokens(conv.forward(tokens_to_map(tokens, grid)));
            }
            (tokens, grid) = stage.forward(tokens, grid);
            levels.push(self.shown(tokens.clone(), grid));
        }
        levels
    }
}

impl Network for SwinUnetr {
    /// `[N, in, Z, Y, X]` to scores `[N, out, Z, Y, X]` without a final activation.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let image = FeatureMap::from_tensor(inputs.main);
        let levels = self.levels(image.clone()).into_iter().enumerate();
        let mut skips = vec![self.stem.forward(image)];
        skips.extend(
            levels.map(|(index, level)| match self.skip_convs.get(index) {
                Some(conv) => conv.forward(level),
                None if index == STAGES => self.bottom.forward(level),
                // The output of the third stage is joined as it is.
                None => level,
            }),
        );
        let map = skips.pop().map(|bottom| {
            self.decoder
                .iter()
                .fold(bottom, |map, up| match skips.pop() {
                    Some(skip) => up.forward(map, skip),
                    None => map,
                })
        });
        let map = map.expect("the last stage has an output");
        Outputs::new(self.head.forward(map).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        SizeRule::multiples_of(self.multiple)
    }
}
