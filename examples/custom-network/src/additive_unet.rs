//! A small network: a U-Net of strided convolutions whose skips are added instead of joined.

use burn::module::Module;
use coverslip_nets::{
    Architecture, Inputs, Network, NetworkError, Outputs, SizeRule,
    blocks::{ConvTransposeUnit, ConvUnit, UnitConfig, UnitNames},
    build::Scope,
    layers::{ActivationConfig, Conv, ConvConfig, ConvTransposeConfig, NormConfig},
    network::ReceptiveField,
};
use coverslip_ops::{Activation, FeatureMap, add};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The names of the parts of a unit in files of weights.
const NAMES: UnitNames<'static> = UnitNames {
    conv: "conv",
    norm: "norm",
    activation: "activation",
};

/// U-Net whose skips are added.
///
/// This text and that of the options is what `networks` and the JSON Schema show.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdditiveUnetConfig {
    /// Channels at full resolution; they double with each halving.
    #[schemars(range(min = 1, max = 256))]
    pub base: usize,
    /// How often the image is halved.
    #[schemars(range(min = 1, max = 6))]
    pub depth: usize,
}

impl Default for AdditiveUnetConfig {
    fn default() -> Self {
        Self { base: 16, depth: 3 }
    }
}

impl Architecture for AdditiveUnetConfig {
    type Network = AdditiveUnet;

    fn build(&self, scope: &mut Scope<'_>) -> Result<AdditiveUnet, NetworkError> {
        // A model package was not checked by the schema.
        NetworkError::check_range("base", self.base as f64, 1.0, 256.0)?;
        NetworkError::check_range("depth", self.depth as f64, 1.0, 6.0)?;
        let io = scope.io();
        // 2D images have one plane: kernels and strides are then 1 along Z.
        let (kernel, double, around) = (scope.cube(3), scope.cube(2), scope.border(1));
        let unit = UnitConfig::new(NormConfig::BATCH, ActivationConfig::RELU);
        let width = |level: usize| self.base << level;

        let mut encoder = Vec::new();
        let mut channels = io.in_channels;
        for level in 0..=self.depth {
            let conv = ConvConfig::new([channels, width(level)], kernel).bias(false);
            let conv = if level == 0 {
                conv
            } else {
                conv.stride(double)
            };
            // The name of a place is the beginning of the names of its weights.
            let scope = &mut scope.at(format!("encoder.{level}"));
            encoder.push(ConvUnit::new(conv, unit, NAMES, scope));
            channels = width(level);
        }
        let mut decoder = Vec::new();
        for level in (0..self.depth).rev() {
            let mut scope = scope.at(format!("decoder.{level}"));
            let conv = ConvTransposeConfig::new([width(level + 1), width(level)], kernel);
            let conv = conv.stride(double).padding(around).output_padding(around);
            let conv = conv.bias(false).build(&mut scope.at("conv"));
            let norm = NormConfig::BATCH.build(width(level), &mut scope.at("norm"));
            decoder.push(ConvTransposeUnit::new(conv, norm, Activation::Relu));
        }
        let head = ConvConfig::new([self.base, io.out_channels], [1; 3]);
        Ok(AdditiveUnet {
            encoder,
            decoder,
            head: head.build(&mut scope.at("head")),
            sizes: self.sizes(scope),
        })
    }
}

impl AdditiveUnetConfig {
    /// Multiples of the total stride, and how far an output pixel sees.
    fn sizes(&self, scope: &Scope<'_>) -> SizeRule {
        let (kernel, double, around) = (scope.cube(3), scope.cube(2), scope.border(1));
        let mut field = ReceptiveField::default();
        field.convolve(kernel, 1);
        for _ in 0..self.depth {
            field.convolve(kernel, 1);
            field.down(double);
        }
        for _ in 0..self.depth {
            field.up(double);
            field.window(kernel, around);
        }
        SizeRule::multiples_of(scope.cube(1 << self.depth)).with_margin(field.margin())
    }
}

/// The network that [`AdditiveUnetConfig`] describes.
#[derive(Module, Debug)]
pub struct AdditiveUnet {
    encoder: Vec<ConvUnit>,
    decoder: Vec<ConvTransposeUnit>,
    head: Conv,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for AdditiveUnet {
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        let mut skips = Vec::new();
        for unit in &self.encoder {
            map = unit.forward(map);
            skips.push(map.clone());
        }
        // The coarsest map goes up by itself.
        skips.pop();
        for (unit, skip) in self.decoder.iter().zip(skips.into_iter().rev()) {
            map = add(unit.forward(map), skip);
        }
        Outputs::new(self.head.forward(map).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
