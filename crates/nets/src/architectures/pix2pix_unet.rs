//! pix2pix's generator (Isola et al. 2017): a U-Net of strided convolutions down to a single pixel of
//! the coarsest map.

use burn::module::Module;
use coverslip_ops::{Activation, Dropout, FeatureMap, activate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvTransposeUnit, ConvUnit, LEAK},
    build::{Initialization, NetworkError, Scope},
    layers::{ConvConfig, ConvTranspose, ConvTransposeConfig, DropoutLayer, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Size of all kernels.
const KERNEL: usize = 4;
/// The first level with the most channels and dropout on the way up.
const INNER: usize = 4;

/// Generator of pix2pix (Isola et al. 2017), a U-Net down to one pixel; gives -1 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pix2pixUnetConfig {
    /// Channels after the first halving; they double up to eight times as many.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// How often the image is halved: 7 for images of 128 pixels, 8 for 256.
    #[schemars(range(min = 5, max = 12))]
    pub downs: usize,
    /// Normalisation; only with an instance or group normalisation do convolutions have a bias, and
    /// the last one.
    pub norm: NormConfig,
    /// Share of values set to zero on the way up while training, at levels beyond the fifth but the
    /// coarsest.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
}

impl Default for Pix2pixUnetConfig {
    fn default() -> Self {
        Self {
            base: 64,
            downs: 8,
            norm: NormConfig::BATCH,
            dropout: 0.5,
        }
    }
}

impl Architecture for Pix2pixUnetConfig {
    type Network = Pix2pixUnet;

    /// # Errors
    ///
    /// When an option is outside its range.
    fn build(&self, scope: &mut Scope<'_>) -> Result<Pix2pixUnet, NetworkError> {
        NetworkError::check_range("base", self.base as f64, 1.0, 1024.0)?;
        NetworkError::check_range("downs", self.downs as f64, 5.0, 12.0)?;
        NetworkError::check_range("dropout", self.dropout, 0.0, 0.95)?;
        scope.set_initialization(Initialization::Normal { deviation: 0.02 });
        let io = scope.io();
        let has_bias = self.norm.wants_bias();
        let (kernel, stride, around) = (scope.cube(KERNEL), scope.cube(2), scope.border(1));
        let raise = |channels| {
            let conv = ConvTransposeConfig::new(channels, kernel).stride(stride);
            conv.padding(around)
        };
        let mut encoder = Vec::new();
        let mut channels = io.in_channels;
        for level in 0..self.downs {
            let mut scope = scope.at(path(level));
            // The outermost and the innermost have no normalisation.
            let (number, norm, activation) = match level {
                0 => (0, NormConfig::NONE, LEAK),
                _ if self.is_innermost(level) => (1, NormConfig::NONE, Activation::Relu),
                _ => (1, self.norm, LEAK),
            };
            let width = self.width(level);
            let conv = ConvConfig::new([channels, width], kernel).stride(stride);
            let conv = conv
                .padding(around)
                .bias(has_bias)
                .build(&mut scope.at(number));
            let norm = norm.build(width, &mut scope.at(2));
            encoder.push(ConvUnit::from_layers(conv, norm, activation));
            channels = width;
        }
        let mut decoder = Vec::new();
        for level in (1..self.downs).rev() {
            let mut scope = scope.at(path(level));
            let number = if self.is_innermost(level) { 3 } else { 5 };
            let width = self.width(level - 1);
            let conv = raise([channels, width]).bias(has_bias);
            let conv = conv.build(&mut scope.at(number));
            let norm = self.norm.build(width, &mut scope.at(number + 1));
            let has_dropout = level >= INNER && !self.is_innermost(level) && self.dropout > 0.0;
            let site = scope.at("dropout");
            let dropout =
                has_dropout.then(|| DropoutLayer::new(self.dropout, Dropout::Values, &site));
            let unit = ConvTransposeUnit::new(conv, norm, Activation::Relu);
            decoder.push(unit.with_dropout(dropout));
            channels = 2 * width;
        }
        let head = raise([channels, io.out_channels]);
        Ok(Pix2pixUnet {
            encoder,
            decoder,
            head: head.build(&mut scope.at(path(0)).at(3)),
            sizes: self.size_rule(scope),
        })
    }
}

impl Pix2pixUnetConfig {
    fn width(&self, level: usize) -> usize {
        self.base << level.min(3)
    }

    fn is_innermost(&self, level: usize) -> bool {
        level + 1 == self.downs
    }

    /// On the way down and up a pixel sees one pixel beyond its own, at 1, 2, 4 ... pixels; to which
    /// its place in its block of the coarsest map is added.
    fn size_rule(&self, scope: &Scope<'_>) -> SizeRule {
        let block = 1 << self.downs;
        let sizes = SizeRule::multiples_of(scope.cube(block));
        if self.norm.sees_whole_image() {
            return sizes;
        }
        sizes.with_margin(scope.border((block - 1) * 4))
    }
}

/// The reference's name of a level, which lies in the level above.
fn path(level: usize) -> String {
    let mut path = "model.model".to_owned();
    for outer in 0..level {
        path += if outer == 0 { ".1.model" } else { ".3.model" };
    }
    path
}

/// The U-Net of pix2pix; see [`Pix2pixUnetConfig`].
#[derive(Module, Debug)]
pub struct Pix2pixUnet {
    encoder: Vec<ConvUnit>,
    decoder: Vec<ConvTransposeUnit>,
    head: ConvTranspose,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for Pix2pixUnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        let mut skips = Vec::with_capacity(self.encoder.len());
        for unit in &self.encoder {
            map = unit.forward(map);
            skips.push(map.clone());
        }
        // The coarsest map goes up by itself.
        skips.pop();
        for unit in &self.decoder {
            map = unit.forward(map);
            if let Some(skip) = skips.pop() {
                // That of a leaky map is the rectified map that the reference has here.
                let skip = activate(skip, Activation::Relu);
                map = FeatureMap::concat(vec![skip, map]);
            }
        }
        Outputs::new(activate(self.head.forward(map), Activation::Tanh).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
