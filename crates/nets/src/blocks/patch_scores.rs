//! The layers of patch discriminators.

use std::fmt::Display;

use burn::module::Module;
use coverslip_ops::{Activation, FeatureMap};

use super::ConvUnit;
use crate::{
    build::{NetworkError, NetworkIo, Scope},
    layers::{Conv, ConvConfig, NormConfig},
};

/// The leaky activation of discriminators and of the ways down of generators.
pub const LEAK: Activation = Activation::LeakyRelu { slope: 0.2 };

/// How a discriminator of patches is made: kernels of 4, leaky activations, and no normalisation of
/// the first layer.
#[derive(Clone, Debug)]
pub struct PatchConfig {
    /// Channels of each layer below the scores.
    pub widths: Vec<usize>,
    /// How many of these layers, from the first, halve the map.
    pub halving: usize,
    /// Zeros around each map.
    pub padding: usize,
    /// Normalisation.
    pub norm: NormConfig,
    /// Whether a convolution before a normalisation has a bias; the others have one.
    pub has_bias: bool,
}

impl PatchConfig {
    const KERNEL: usize = 4;

    /// Makes the layers. `names` gives the names of the convolution and of the normalisation of a
    /// layer, perhaps several pairs of them; the scores are the layer after the last.
    pub fn build(
        &self,
        names: impl Fn(usize) -> Vec<[String; 2]>,
        scope: &mut Scope<'_>,
    ) -> PatchScores {
        let padding = scope.border(self.padding);
        let kernel = scope.cube(Self::KERNEL);
        let double = scope.cube(2);
        let conv = |channels| ConvConfig::new(channels, kernel).padding(padding);
        let mut channels = scope.io().in_channels;
        let mut layers = Vec::new();
        for (index, &width) in self.widths.iter().enumerate() {
            let mut config = conv([channels, width]);
            let mut norm = NormConfig::NONE;
            if index > 0 {
                config = config.bias(self.has_bias);
                norm = self.norm;
            }
            if index < self.halving {
                config = config.stride(double);
            }
            let names = names(index);
            let part = |part: usize| -> Vec<&dyn Display> {
                names
                    .iter()
                    .map(|pair| &pair[part] as &dyn Display)
                    .collect()
            };
            let conv = config.build(&mut scope.at_any(&part(0)));
            let norm = norm.build(width, &mut scope.at_any(&part(1)));
            layers.push(ConvUnit::from_layers(conv, norm, LEAK));
            channels = width;
        }
        let names = names(self.widths.len());
        let names: Vec<_> = names.iter().map(|pair| &pair[0] as &dyn Display).collect();
        let scores = conv([channels, 1]).build(&mut scope.at_any(&names));
        PatchScores::new(layers, scores)
    }

    /// The least size of an image that has a score, along one axis.
    pub fn least_size(&self) -> usize {
        let before = |size: usize, stride: usize| {
            let padded = (size - 1) * stride + Self::KERNEL;
            padded.saturating_sub(2 * self.padding).max(1)
        };
        let strides = (0..self.widths.len()).map(|index| if index < self.halving { 2 } else { 1 });
        strides.rev().fold(before(1, 1), before)
    }
}

/// A discriminator's layers: each pixel of its output scores a patch of the image.
#[derive(Module, Debug)]
pub struct PatchScores {
    layers: Vec<ConvUnit>,
    scores: Conv,
}

impl PatchScores {
    /// Takes layers that are made already.
    pub fn new(layers: Vec<ConvUnit>, scores: Conv) -> Self {
        Self { layers, scores }
    }

    /// `[N, in, Z, Y, X]` to the outputs of all layers, the last of them the scores
    /// `[N, 1, Z', Y', X']` before a logistic function.
    pub fn forward(&self, image: FeatureMap) -> Vec<FeatureMap> {
        let mut outputs = Vec::with_capacity(self.layers.len() + 1);
        let mut map = image;
        for layer in &self.layers {
            map = layer.forward(map);
            outputs.push(map.clone());
        }
        outputs.push(self.scores.forward(map));
        outputs
    }

    /// Refuses other outputs than scores.
    ///
    /// # Errors
    ///
    /// When the network is to give more or less than one channel.
    pub fn check_output(io: NetworkIo) -> Result<(), NetworkError> {
        if io.out_channels == 1 {
            return Ok(());
        }
        Err(NetworkError::new(
            "out_channels",
            format!(
                "a discriminator gives one channel, the score of being real; set 1 instead of {}",
                io.out_channels
            ),
        ))
    }
}
