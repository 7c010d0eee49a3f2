//! nnU-Net's U-Net with a residual encoder (`ResidualEncoderUNet`; Isensee et al. 2024).

use burn::module::Module;
use coverslip_ops::{FeatureMap, add, average_pool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{AdnStep, ConvAdn, LevelCounts, NnunetDecoder, NnunetOptions, NnunetStages, levels},
    build::{Extent, Initialization, NetworkError, Scope},
    layers::{Activate, ActivationConfig, ActivationName, ConvConfig, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// The U-Net of nnU-Net with a residual encoder (Isensee et al. 2024).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NnunetResencConfig {
    /// Channels of each level from the finest; at least two levels.
    pub channels: Vec<usize>,
    /// Kernel `[z, y, x]` of each level; 3 everywhere when absent (1 along z for 2D images).
    pub kernels: Option<Vec<Extent>>,
    /// Reduction `[z, y, x]` by the first block of each level; 1, then 2 everywhere when absent (1
    /// along z for 2D images).
    pub strides: Option<Vec<Extent>>,
    /// Residual blocks of each level on the way down: one number, or one for each level from the
    /// finest.
    pub blocks: LevelCounts,
    /// Channels inside blocks of three convolutions, of which only the middle one has the kernel
    /// (`BottleneckD`): one number, or one for each level from the finest; blocks of two convolutions
    /// when absent (`BasicBlockD`).
    pub bottleneck_channels: Option<LevelCounts>,
    /// Channels of the convolution before the first level; those of the first level when absent.
    pub stem_channels: Option<usize>,
    /// Convolutions of each level on the way up: one number, or one for each level from the
    /// coarsest.
    pub decoder_convolutions: LevelCounts,
    /// Normalisation after each convolution.
    pub norm: NormConfig,
    /// Activation after each normalisation.
    pub activation: ActivationConfig,
    /// Share of channels that are set to zero while training, against overfitting.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
    /// Whether convolutions add a learned number to each channel.
    pub bias: bool,
    /// Whether coarser levels of the decoder give an output too while training: `deep_1`, `deep_2`,
    /// ... from the finest, each in the size of its level.
    pub deep_supervision: bool,
}

impl Default for NnunetResencConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 128, 256, 320, 320],
            kernels: None,
            strides: None,
            blocks: LevelCounts::Each(vec![1, 3, 4, 6, 6, 6]),
            bottleneck_channels: None,
            stem_channels: None,
            decoder_convolutions: LevelCounts::All(1),
            norm: NormConfig::INSTANCE_AFFINE,
            activation: ActivationConfig::of(ActivationName::LeakyRelu),
            dropout: 0.0,
            bias: true,
            deep_supervision: false,
        }
    }
}

impl Architecture for NnunetResencConfig {
    type Network = NnunetResenc;

    /// # Errors
    ///
    /// When an option is outside its range, or lists do not have an entry for each level.
    fn build(&self, scope: &mut Scope<'_>) -> Result<NnunetResenc, NetworkError> {
        let options = NnunetOptions {
            channels: &self.channels,
            kernels: self.kernels.as_deref(),
            strides: self.strides.as_deref(),
            decoder_convolutions: &self.decoder_convolutions,
            norm: self.norm,
            activation: self.activation,
            activation_first: false,
            dropout: self.dropout,
            bias: self.bias,
            deep_supervision: self.deep_supervision,
        };
        let stages = NnunetStages::new(options, scope)?;
        let count = stages.channels.len();
        let blocks = self.blocks.resolve("blocks", count, levels::MOST_REPEATS)?;
        let bottlenecks = self
            .bottleneck_channels
            .as_ref()
            .map(|channels| channels.resolve("bottleneck_channels", count, levels::MOST_CHANNELS));
        let bottlenecks = bottlenecks.transpose()?;
        let mut input = self.stem_channels.unwrap_or(stages.channels[0]);
        levels::check_channels("stem_channels", &[input], 1)?;
        scope.set_initialization(Initialization::HeNormal { slope: 0.01 });
        let pair = [scope.io().in_channels, input];
        // The decoder holds the encoder too.
        let mut encoder_scope = scope.at_any(&[&"encoder", &"decoder.encoder"]);
        let stem = &mut encoder_scope.at("stem.convs.0");
        let stem = stages.unit(pair, stages.kernels[0], [1; 3], stem);
        let mut encoder = Vec::new();
        for (level, &repeats) in blocks.iter().enumerate() {
            let mut stage = Vec::new();
            for block in 0..repeats {
                let output = stages.channels[level];
                let stride = match block {
                    0 => stages.strides[level],
                    _ => [1; 3],
                };
                let mut scope = encoder_scope.at(format!("stages.{level}.blocks.{block}"));
                let plan = BlockPlan {
                    channels: [input, output],
                    bottleneck: bottlenecks.as_ref().map(|channels| channels[level]),
                    kernel: stages.kernels[level],
                    stride,
                };
                stage.push(Block::new(&stages, plan, &mut scope));
                input = output;
            }
            encoder.push(Stage { blocks: stage });
        }
        let seeing = if bottlenecks.is_some() { 1 } else { 2 };
        let convolutions: Vec<usize> = blocks.iter().map(|blocks| seeing * blocks).collect();
        Ok(NnunetResenc {
            stem,
            encoder,
            decoder: NnunetDecoder::new(&stages, &mut scope.at("decoder")),
            sizes: stages.size_rule(1, &convolutions),
        })
    }
}

/// What a block is made of.
#[derive(Clone, Copy)]
struct BlockPlan {
    channels: [usize; 2],
    /// Channels inside a block of three convolutions.
    bottleneck: Option<usize>,
    kernel: [usize; 3],
    stride: [usize; 3],
}

/// Two or three convolutions with a residual connection, which averages where they have a stride
/// (`BasicBlockD`, `BottleneckD`).
#[derive(Module, Debug)]
struct Block {
    convolutions: Vec<ConvAdn>,
    /// Of the residual connection, where channels change.
    projection: Option<ConvAdn>,
    activation: Activate,
    #[module(skip)]
    stride: [usize; 3],
}

impl Block {
    fn new(stages: &NnunetStages, plan: BlockPlan, scope: &mut Scope<'_>) -> Self {
        use AdnStep::{Activation, Norm};

        let BlockPlan {
            channels: [input, output],
            bottleneck,
            kernel,
            stride,
        } = plan;
        let conv = |pair, kernel| ConvConfig::new(pair, kernel).bias(stages.bias());
        let convolutions = match bottleneck {
            None => vec![
                stages.unit([input, output], kernel, stride, &mut scope.at("conv1")),
                stages.unit_of(conv([output; 2], kernel), &[Norm], &mut scope.at("conv2")),
            ],
            Some(inner) => vec![
                stages.unit_of(
                    conv([input, inner], [1; 3]),
                    &[Norm, Activation],
                    &mut scope.at("conv1"),
                ),
                stages.unit([inner; 2], kernel, stride, &mut scope.at("conv2")),
                stages.unit_of(
                    conv([inner, output], [1; 3]),
                    &[Norm],
                    &mut scope.at("conv3"),
                ),
            ],
        };
        // A pooling before it has the first number.
        let name = format!("skip.{}", usize::from(stride != [1; 3]));
        let projection = ConvConfig::new([input, output], [1; 3]).bias(false);
        let projection =
            (input != output).then(|| stages.unit_of(projection, &[Norm], &mut scope.at(name)));
        let name = format!("nonlin{}", convolutions.len());
        Self {
            convolutions,
            projection,
            activation: stages.adn().activation.build(output, &mut scope.at(name)),
            stride,
        }
    }

    fn forward(&self, input: FeatureMap) -> FeatureMap {
        let mut residual = input.clone();
        if self.stride != [1; 3] {
            residual = average_pool(residual, self.stride, true);
        }
        if let Some(projection) = &self.projection {
            residual = projection.forward(residual);
        }
        let convolutions = self.convolutions.iter();
        let map = convolutions.fold(input, |map, unit| unit.forward(map));
        self.activation.forward(add(map, residual))
    }
}

/// A level of the way down.
#[derive(Module, Debug)]
struct Stage {
    blocks: Vec<Block>,
}

/// nnU-Net's U-Net with a residual encoder; see [`NnunetResencConfig`].
#[derive(Module, Debug)]
pub struct NnunetResenc {
    stem: ConvAdn,
    encoder: Vec<Stage>,
    decoder: NnunetDecoder,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for NnunetResenc {
    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`, the image's size divided by the first stride,
    /// without a final activation; see [`NnunetDecoder::forward`] for deep supervision.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = self.stem.forward(FeatureMap::from_tensor(inputs.main));
        let mut maps = Vec::with_capacity(self.encoder.len());
        for stage in &self.encoder {
            map = stage
                .blocks
                .iter()
                .fold(map, |map, block| block.forward(map));
            maps.push(map.clone());
        }
        self.decoder.forward(maps)
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
