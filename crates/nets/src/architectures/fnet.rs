//! The network of label-free prediction (Ounkomol et al. 2018), `fnet_nn_2d` and `fnet_nn_3d`.

use burn::module::Module;
use coverslip_ops::{Activation, FeatureMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvStack, ConvUnit, UnitConfig, UnitNames},
    build::{Initialization, NetworkError, Scope},
    layers::{
        ActivationConfig, Conv, ConvConfig, ConvTranspose, ConvTransposeConfig, Norm, NormConfig,
    },
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// Network of label-free prediction (Ounkomol et al. 2018).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FnetConfig {
    /// How often the image is halved.
    #[schemars(range(min = 0, max = 8))]
    pub depth: usize,
    /// Channels at full resolution; each level has twice as many.
    #[schemars(range(min = 1, max = 1024))]
    pub multiplier: usize,
}

impl Default for FnetConfig {
    fn default() -> Self {
        Self {
            depth: 4,
            multiplier: 32,
        }
    }
}

const UNIT: UnitConfig = UnitConfig {
    norm: NormConfig::BATCH,
    dropout: 0.0,
    activation: ActivationConfig::RELU,
};

impl Architecture for FnetConfig {
    type Network = Fnet;

    /// # Errors
    ///
    /// When an option is outside its range.
    fn build(&self, scope: &mut Scope<'_>) -> Result<Fnet, NetworkError> {
        NetworkError::check_range("depth", self.depth as f64, 0.0, 8.0)?;
        NetworkError::check_range("multiplier", self.multiplier as f64, 1.0, 1024.0)?;
        scope.set_initialization(Initialization::Normal { deviation: 0.02 });
        let io = scope.io();
        let mut levels = Vec::new();
        let mut path = "net_recurse".to_owned();
        let [mut input, mut channels] = [io.in_channels, self.multiplier];
        for _ in 0..self.depth {
            levels.push(Level::new([input, channels], &mut scope.at(&path)));
            path += ".sub_u";
            [input, channels] = [channels, 2 * channels];
        }
        let bottom = double([input, channels], &mut scope.at(path).at("sub_2conv_more"));
        let head = ConvConfig::new([self.multiplier, io.out_channels], scope.cube(3));
        Ok(Fnet {
            levels,
            bottom,
            head: head.build(&mut scope.at("conv_out")),
            sizes: self.size_rule(scope),
        })
    }
}

impl FnetConfig {
    /// Two convolutions of half-width 1 on each level, down and up, and one behind all.
    fn size_rule(&self, scope: &Scope<'_>) -> SizeRule {
        let scale = 1usize << self.depth;
        let convolutions = 2 * (2 * (scale - 1) + scale);
        // A pixel of a level is a block of 2 x 2 of the level above, on the way down and up.
        let margin = convolutions + 2 * (scale - 1) + 1;
        let z = if scope.io().dimensions == 2 {
            0
        } else {
            margin
        };
        SizeRule::multiples_of(scope.cube(scale)).with_margin([z, margin, margin])
    }
}

/// Two convolutions, each with batch normalisation and `ReLU`.
fn double([input, output]: [usize; 2], scope: &mut Scope<'_>) -> ConvStack {
    let kernel = scope.cube(3);
    let mut unit = |pair, conv: &str, norm: &str| {
        let names = UnitNames {
            conv,
            norm,
            activation: "relu",
        };
        ConvUnit::new(ConvConfig::new(pair, kernel), UNIT, names, scope)
    };
    ConvStack::new(vec![
        unit([input, output], "conv1", "bn1"),
        unit([output, output], "conv2", "bn2"),
    ])
}

/// One level of the U.
#[derive(Module, Debug)]
struct Level {
    down_block: ConvStack,
    down: ConvUnit,
    up: ConvTranspose,
    up_norm: Norm,
    up_block: ConvStack,
}

impl Level {
    fn new([input, output]: [usize; 2], scope: &mut Scope<'_>) -> Self {
        let factors = scope.cube(2);
        let down_block = double([input, output], &mut scope.at("sub_2conv_more"));
        let halving = ConvConfig::new([output; 2], factors).stride(factors);
        let names = UnitNames {
            conv: "conv_down",
            norm: "bn0",
            activation: "relu0",
        };
        let up = ConvTransposeConfig::blocks([2 * output, output], factors);
        Self {
            down_block,
            down: ConvUnit::new(halving, UNIT, names, scope),
            up: up.build(&mut scope.at("convt")),
            up_norm: NormConfig::BATCH.build(output, &mut scope.at("bn1")),
            up_block: double([2 * output, output], &mut scope.at("sub_2conv_less")),
        }
    }
}

/// The network; see [`FnetConfig`].
#[derive(Module, Debug)]
pub struct Fnet {
    levels: Vec<Level>,
    bottom: ConvStack,
    head: Conv,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for Fnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        let mut skips = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            map = level.down_block.forward(map);
            skips.push(map.clone());
            map = level.down.forward(map);
        }
        map = self.bottom.forward(map);
        for level in self.levels.iter().rev() {
            let raised = level
                .up_norm
                .forward(level.up.forward(map), Activation::Relu);
            map = match skips.pop() {
                Some(skip) => level
                    .up_block
                    .forward(FeatureMap::concat(vec![skip, raised])),
                None => raised,
            };
        }
        Outputs::new(self.head.forward(map).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
