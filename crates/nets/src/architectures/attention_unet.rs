//! The attention U-Net (Oktay et al. 2018) as MONAI's `AttentionUnet` has it: gates weigh the pixels
//! of skip connections.

use burn::module::Module;
use coverslip_ops::{Activation, FeatureMap, activate, add, multiply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{AdnConfig, ConvAdn, PartNames, TransposedAdn, enlarging, levels},
    build::{Extent, NetworkError, Scope},
    layers::{ActivationConfig, ActivationName, Conv, ConvConfig, Norm, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// U-Net with attention gates on its skips (Oktay et al. 2018), MONAI's `AttentionUnet`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AttentionUnetConfig {
    /// Channels of each level from the finest; at least two levels.
    pub channels: Vec<usize>,
    /// Reduction `[z, y, x]` below each level but the last; 2 everywhere when absent (1 along z for
    /// 2D images).
    pub strides: Option<Vec<Extent>>,
    /// Kernel of the convolutions.
    pub kernel: Extent,
    /// Kernel of the transposed convolutions.
    pub up_kernel: Extent,
    /// Share of values that are set to zero while training, against overfitting.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
}

impl Default for AttentionUnetConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 128, 256],
            strides: None,
            kernel: Extent::All(3),
            up_kernel: Extent::All(3),
            dropout: 0.0,
        }
    }
}

impl Architecture for AttentionUnetConfig {
    type Network = AttentionUnet;

    /// # Errors
    ///
    /// When an option is outside its range, the strides do not fit the channels, a kernel is even,
    /// or a gate would have half a channel.
    fn build(&self, scope: &mut Scope<'_>) -> Result<AttentionUnet, NetworkError> {
        levels::check_channels("channels", &self.channels, 2)?;
        let depth = self.channels.len() - 1;
        if let Some(few) = self.channels[..depth].iter().find(|count| **count < 2) {
            let problem = format!("{few} cannot be halved in an attention gate; use at least 2");
            return Err(NetworkError::new("channels", problem));
        }
        let unit = AdnConfig::new(NormConfig::BATCH, ActivationConfig::RELU).dropout(self.dropout);
        unit.check()?;
        // The reference leaves out norm and activation of this one, so it has MONAI's defaults.
        let merge = AdnConfig::new(
            NormConfig::INSTANCE,
            ActivationConfig::of(ActivationName::Prelu),
        )
        .dropout(self.dropout);
        let kernel = levels::odd_kernel("kernel", self.kernel, scope)?;
        let up_kernel = levels::odd_kernel("up_kernel", self.up_kernel, scope)?;
        let strides = levels::strides("strides", self.strides.as_deref(), depth, 2, scope)?;
        let io = scope.io();
        let block = |channels, stride, scope: &mut Scope<'_>| {
            ConvBlock::new(channels, kernel, stride, &unit, scope)
        };
        let first = [io.in_channels, self.channels[0]];
        let first = block(first, [1; 3], &mut scope.at("model.0"));
        let mut encoder = vec![first];
        let mut decoder = Vec::new();
        let mut path = "model.1".to_owned();
        for (level, stride) in strides.iter().enumerate() {
            let [channels, below] = [self.channels[level], self.channels[level + 1]];
            let name = if level + 1 == depth { "" } else { ".0" };
            let scope_below = &mut scope.at(format!("{path}.submodule{name}"));
            encoder.push(block([channels, below], *stride, scope_below));
            let mut scope = scope.at(&path);
            let up = enlarging([below, channels], up_kernel, *stride);
            let undropped = unit.clone().dropout(0.0);
            let join = ConvConfig::new([2 * channels, channels], scope.cube(3));
            decoder.push(AttentionLayer {
                up: TransposedAdn::new(
                    up,
                    channels,
                    &undropped,
                    PartNames::MONAI,
                    &mut scope.at("upconv.up"),
                ),
                gate: AttentionGate::new(channels, &mut scope.at("attention")),
                merge: ConvAdn::new(join, &merge, PartNames::MONAI, &mut scope.at("merge")),
            });
            path += ".submodule.1";
        }
        let head = ConvConfig::new([self.channels[0], io.out_channels], [1; 3]);
        Ok(AttentionUnet {
            encoder,
            decoder,
            head: head.build(&mut scope.at("model.2.conv")),
            // Instance normalisation sees the whole image.
            sizes: SizeRule::multiples_of(levels::total_stride(&strides)),
        })
    }
}

/// Two convolutions with batch normalisation.
#[derive(Module, Debug)]
struct ConvBlock {
    units: [ConvAdn; 2],
}

impl ConvBlock {
    fn new(
        channels: [usize; 2],
        kernel: [usize; 3],
        stride: [usize; 3],
        adn: &AdnConfig,
        scope: &mut Scope<'_>,
    ) -> Self {
        let mut unit = |conv, name| ConvAdn::new(conv, adn, PartNames::MONAI, &mut scope.at(name));
        let first = ConvConfig::new(channels, kernel).stride(stride);
        let second = ConvConfig::new([channels[1]; 2], kernel);
        Self {
            units: [unit(first, "conv.0"), unit(second, "conv.1")],
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.units.iter().fold(input, |map, unit| unit.forward(map))
    }
}

/// A convolution of single pixels with batch normalisation.
#[derive(Module, Debug)]
struct Projection {
    conv: Conv,
    norm: Norm,
}

impl Projection {
    fn new(channels: [usize; 2], scope: &mut Scope<'_>) -> Self {
        let conv = ConvConfig::new(channels, [1; 3]);
        Self {
            conv: conv.build(&mut scope.at("0.conv")),
            norm: NormConfig::BATCH.build(channels[1], &mut scope.at("1")),
        }
    }

    fn forward(&self, input: FeatureMap, activation: Activation) -> FeatureMap {
        self.conv.forward_normalized(input, &self.norm, activation)
    }
}

/// Weighs each pixel of a skip connection by what the coarser map says about it.
#[derive(Module, Debug)]
struct AttentionGate {
    gating: Projection,
    skip: Projection,
    weight: Projection,
}

impl AttentionGate {
    fn new(channels: usize, scope: &mut Scope<'_>) -> Self {
        let inner = channels / 2;
        Self {
            gating: Projection::new([channels, inner], &mut scope.at("W_g")),
            skip: Projection::new([channels, inner], &mut scope.at("W_x")),
            weight: Projection::new([inner, 1], &mut scope.at("psi")),
        }
    }

    fn forward(&self, gating: FeatureMap, skip: FeatureMap) -> FeatureMap {
        let none = Activation::None;
        let seen = self.gating.forward(gating, none);
        let both = add(seen, self.skip.forward(skip.clone(), none));
        let both = activate(both, Activation::Relu);
        multiply(skip, self.weight.forward(both, Activation::Sigmoid))
    }
}

/// The way up of a level.
#[derive(Module, Debug)]
struct AttentionLayer {
    up: TransposedAdn,
    gate: AttentionGate,
    merge: ConvAdn,
}

impl AttentionLayer {
    fn forward(&self, below: FeatureMap, skip: FeatureMap) -> FeatureMap {
        let up = self.up.forward(below);
        let attended = self.gate.forward(up.clone(), skip);
        self.merge.forward(FeatureMap::concat(vec![attended, up]))
    }
}

/// The attention U-Net; see [`AttentionUnetConfig`].
#[derive(Module, Debug)]
pub struct AttentionUnet {
    /// One block more than there are levels in `decoder`: that of the coarsest level.
    encoder: Vec<ConvBlock>,
    /// From the finest level.
    decoder: Vec<AttentionLayer>,
    head: Conv,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for AttentionUnet {
    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]` without a final activation.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        let mut maps = Vec::with_capacity(self.encoder.len());
        for block in &self.encoder {
            map = block.forward(map);
            maps.push(map.clone());
        }
        for (layer, skip) in self.decoder.iter().zip(maps).rev() {
            map = layer.forward(map, skip);
        }
        Outputs::new(self.head.forward(map).into_tensor())
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
