//! Generators of strided convolutions around residual blocks (Johnson et al. 2016), as CycleGAN (Zhu
//! et al. 2017), pix2pixHD's global generator (Wang et al. 2018) and `MMV_Im2Im` have them.

use burn::module::Module;
use coverslip_ops::{Activation, Dropout, FeatureMap, Margin, add};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvTransposeUnit, ConvUnit, PaddedUnit},
    build::{Initialization, NetworkError, Scope},
    layers::{ConvConfig, ConvTransposeConfig, DropoutLayer, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Kernel of the first and of the last convolution.
const OUTER: usize = 7;

/// Generator of CycleGAN; with `downs: 3` and `always_bias` of `pix2pixHD`; gives -1 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResnetGeneratorConfig {
    /// Channels at full resolution; they double with each halving.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// How often the image is halved.
    #[schemars(range(min = 1, max = 8))]
    pub downs: usize,
    /// Residual blocks at the coarsest resolution; 6 for images of 128 pixels, 9 for larger ones.
    #[schemars(range(min = 0, max = 64))]
    pub blocks: usize,
    /// Normalisation after each convolution but the last.
    pub norm: NormConfig,
    /// Whether convolutions have a bias too that no instance or group normalisation follows, as in
    /// pix2pixHD.
    pub always_bias: bool,
    /// Share of values set to zero within each residual block while training; 0.5 is usual where it is
    /// used at all.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
}

impl Default for ResnetGeneratorConfig {
    fn default() -> Self {
        Self {
            base: 64,
            downs: 2,
            blocks: 9,
            norm: NormConfig::INSTANCE,
            always_bias: false,
            dropout: 0.0,
        }
    }
}

impl Architecture for ResnetGeneratorConfig {
    type Network = ResnetGenerator;

    /// # Errors
    ///
    /// When an option is outside its range.
    fn build(&self, scope: &mut Scope<'_>) -> Result<ResnetGenerator, NetworkError> {
        NetworkError::check_range("dropout", self.dropout, 0.0, 0.95)?;
        scope.set_initialization(Initialization::Normal { deviation: 0.02 });
        let plan = Plan {
            base: self.base,
            downs: self.downs,
            blocks: self.blocks,
            norm: self.norm,
            has_bias: self.always_bias || self.norm.wants_bias(),
            dropout: self.dropout,
            naming: Naming::Sequence,
            outer: Margin::Reflect,
            inner: Margin::Reflect,
            after_block: Activation::None,
            output: Activation::Tanh,
        };
        plan.build(scope)
    }
}

/// Residual generator of `MMV_Im2Im` (`preset_generator_resent`), without a final activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PredefinedResnetConfig {
    /// Channels at full resolution; they double with each halving.
    #[schemars(range(min = 1, max = 1024))]
    pub base: usize,
    /// How often the image is halved.
    #[schemars(range(min = 1, max = 8))]
    pub downs: usize,
    /// Residual blocks at the coarsest resolution.
    #[schemars(range(min = 0, max = 64))]
    pub blocks: usize,
    /// Normalisation after each convolution but the last.
    pub norm: NormConfig,
    /// Share of values set to zero after each normalisation of the residual blocks while training.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
}

impl Default for PredefinedResnetConfig {
    fn default() -> Self {
        Self {
            base: 64,
            downs: 4,
            blocks: 9,
            norm: NormConfig::BATCH,
            dropout: 0.0,
        }
    }
}

impl Architecture for PredefinedResnetConfig {
    type Network = ResnetGenerator;

    /// # Errors
    ///
    /// When an option is outside its range.
    fn build(&self, scope: &mut Scope<'_>) -> Result<ResnetGenerator, NetworkError> {
        NetworkError::check_range("dropout", self.dropout, 0.0, 0.95)?;
        let is_stack = scope.io().dimensions == 3;
        let plan = Plan {
            base: self.base,
            downs: self.downs,
            blocks: self.blocks,
            norm: self.norm,
            has_bias: true,
            dropout: self.dropout,
            naming: Naming::Monai,
            outer: if is_stack {
                Margin::Replicate
            } else {
                Margin::Reflect
            },
            inner: Margin::Zero,
            after_block: Activation::Relu,
            output: Activation::None,
        };
        plan.build(scope)
    }
}

/// How the reference names the layers of its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// Convolution, normalisation and activation have a number each.
    Sequence,
    /// They have one number together.
    Monai,
}

/// What the generators have in common.
struct Plan {
    base: usize,
    downs: usize,
    blocks: usize,
    norm: NormConfig,
    /// Of convolutions before a normalisation.
    has_bias: bool,
    dropout: f64,
    naming: Naming,
    /// What the first and the last convolution see beyond the edge.
    outer: Margin,
    /// What those of residual blocks see there.
    inner: Margin,
    /// After the second convolution of a residual block.
    after_block: Activation,
    output: Activation,
}

impl Plan {
    fn build(&self, scope: &mut Scope<'_>) -> Result<ResnetGenerator, NetworkError> {
        for (key, value, [least, most]) in [
            ("base", self.base, [1.0, 1024.0]),
            ("downs", self.downs, [1.0, 8.0]),
            ("blocks", self.blocks, [0.0, 64.0]),
        ] {
            NetworkError::check_range(key, value as f64, least, most)?;
        }
        let io = scope.io();
        let width = |level: usize| self.base << level;
        let step = if self.naming == Naming::Sequence {
            3
        } else {
            1
        };
        let coarse = 1 + step * (1 + self.downs);
        let up = coarse + self.blocks;
        let last = up + step * self.downs + 1;
        let (kernel, double) = (scope.cube(3), scope.cube(2));
        let (none, around) = (scope.border(0), scope.border(1));

        let first = ConvConfig::new([io.in_channels, width(0)], scope.cube(OUTER)).padding(none);
        let first = self.unit(first, self.names(1), Activation::Relu, scope);
        let downs = (0..self.downs).map(|level| {
            let conv = ConvConfig::new([width(level), width(level + 1)], kernel).stride(double);
            let names = self.names(1 + step * (1 + level));
            self.unit(conv, names, Activation::Relu, scope)
        });
        let downs = downs.collect();
        let blocks = (0..self.blocks).map(|index| self.block(coarse + index, scope));
        let blocks = blocks.collect();
        let ups = (0..self.downs).rev().enumerate().map(|(index, level)| {
            let conv = ConvTransposeConfig::new([width(level + 1), width(level)], kernel);
            let conv = conv.stride(double).padding(around).output_padding(around);
            let [at, norm] = self.names(up + step * index);
            let conv = conv.bias(self.has_bias).build(&mut scope.at(at));
            let norm = self.norm.build(width(level), &mut scope.at(norm));
            ConvTransposeUnit::new(conv, norm, Activation::Relu)
        });
        let ups = ups.collect();
        let [at, norm] = self.names(last);
        let conv = ConvConfig::new([width(0), io.out_channels], scope.cube(OUTER)).padding(none);
        let conv = conv.build(&mut scope.at(at));
        let norm = NormConfig::NONE.build(io.out_channels, &mut scope.at(norm));
        let output = ConvUnit::from_layers(conv, norm, self.output);
        let border = scope.border(OUTER / 2);
        Ok(ResnetGenerator {
            first: PaddedUnit::new(first, border, self.outer),
            downs,
            blocks,
            ups,
            last: PaddedUnit::new(output, border, self.outer),
            sizes: self.size_rule(scope),
        })
    }

    /// The names of the convolution at a place of the sequence and of its normalisation.
    fn names(&self, place: usize) -> [String; 2] {
        match self.naming {
            Naming::Sequence => [place, place + 1].map(|number| format!("model.{number}")),
            Naming::Monai => ["conv", "adn.N"].map(|part| format!("model.{place}.{part}")),
        }
    }

    /// The same of a convolution within the residual block at that place.
    fn block_names(&self, place: usize, index: usize) -> [String; 2] {
        match self.naming {
            Naming::Sequence => {
                // Padding, convolution, normalisation, activation, perhaps dropout, and once more.
                let has_dropout = usize::from(self.dropout > 0.0);
                let first = 1 + index * (4 + has_dropout);
                [first, first + 1].map(|number| format!("model.{place}.conv_block.{number}"))
            }
            Naming::Monai => {
                ["conv", "adn.N"].map(|part| format!("model.{place}.conv.unit{index}.{part}"))
            }
        }
    }

    fn unit(
        &self,
        conv: ConvConfig,
        [at, norm]: [String; 2],
        activation: Activation,
        scope: &mut Scope<'_>,
    ) -> ConvUnit {
        let [_, channels] = conv.channels();
        let conv = conv.bias(self.has_bias).build(&mut scope.at(at));
        let norm = self.norm.build(channels, &mut scope.at(norm));
        ConvUnit::from_layers(conv, norm, activation)
    }

    fn block(&self, place: usize, scope: &mut Scope<'_>) -> ResidualBlock {
        let channels = self.base << self.downs;
        let activations = [Activation::Relu, self.after_block];
        let units = [0, 1].map(|index| {
            let conv = ConvConfig::new([channels; 2], scope.cube(3));
            let (conv, border) = match self.inner {
                Margin::Zero => (conv, [0; 3]),
                _ => (conv.padding([0; 3]), scope.border(1)),
            };
            let names = self.block_names(place, index);
            let mut unit = self.unit(conv, names, activations[index], scope);
            if self.naming == Naming::Monai {
                unit = unit.with_dropout(self.dropout(format!("model.{place}.drop{index}"), scope));
            }
            PaddedUnit::new(unit, border, self.inner)
        });
        // The other reference has one only, between the two units.
        let dropout = match self.naming {
            Naming::Sequence => self.dropout(format!("model.{place}.dropout"), scope),
            Naming::Monai => None,
        };
        let [first, second] = units;
        ResidualBlock {
            first,
            dropout,
            second,
        }
    }

    fn dropout(&self, name: String, scope: &mut Scope<'_>) -> Option<DropoutLayer> {
        let site = scope.at(name);
        (self.dropout > 0.0).then(|| DropoutLayer::new(self.dropout, Dropout::Values, &site))
    }

    fn size_rule(&self, scope: &Scope<'_>) -> SizeRule {
        let block = 1 << self.downs;
        let mut sizes = SizeRule::multiples_of(scope.cube(block));
        if self.outer == Margin::Reflect {
            // A mirror image is smaller than the image.
            let coarse = if self.inner == Margin::Reflect { 2 } else { 1 };
            let least = (OUTER / 2 + 1).max(coarse * block);
            sizes = sizes.at_least(scope.cube(least));
        }
        if self.norm.sees_whole_image() {
            return sizes;
        }
        // The outer kernels, one pixel at each halving and doubling, two in each residual block, and
        // the place of a pixel in its block of the coarsest map.
        let outer = 2 * (OUTER / 2);
        let steps = (block - 1) + 2 * (block - 1);
        let reach = outer + steps + 2 * self.blocks * block + block - 1;
        sizes.with_margin(scope.border(reach))
    }
}

/// Two convolutions beside the identity (He et al. 2016).
#[derive(Module, Debug)]
struct ResidualBlock {
    first: PaddedUnit,
    dropout: Option<DropoutLayer>,
    second: PaddedUnit,
}

impl ResidualBlock {
    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let mut map = self.first.forward(input.clone());
        if let Some(dropout) = &self.dropout {
            map = dropout.forward(map);
        }
        add(input, self.second.forward(map))
    }
}

/// The generator; see [`ResnetGeneratorConfig`].
#[derive(Module, Debug)]
pub struct ResnetGenerator {
    first: PaddedUnit,
    downs: Vec<ConvUnit>,
    blocks: Vec<ResidualBlock>,
    ups: Vec<ConvTransposeUnit>,
    last: PaddedUnit,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for ResnetGenerator {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let map = self.first.forward(FeatureMap::from_tensor(inputs.main));
        let map = self.downs.iter().fold(map, |map, unit| unit.forward(map));
        let map = self
            .blocks
            .iter()
            .fold(map, |map, block| block.forward(map));
        let map = self.ups.iter().fold(map, |map, unit| unit.forward(map));
        Outputs::new(self.last.forward(map).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
