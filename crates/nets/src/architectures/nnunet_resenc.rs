//! nnU-Net's U-Net with a residual encoder (`ResidualEncoderUNet`; Isensee et al. 2024).

use burn::module::Module;
use coverslip_ops::{FeatureMap, add, average_pool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvAdn, LevelCounts, NnunetDecoder, NnunetOptions, NnunetStages, levels},
    build::{Extent, Scheme, Scope},
    layers::{Activate, ActivationConfig, ActivationName, ConvConfig, NormConfig},
    network::{Architecture, Inputs, Network, NetworkError, Outputs, SizeRule},
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
            dropout: self.dropout,
            bias: self.bias,
            deep_supervision: self.deep_supervision,
        };
        let levels = NnunetStages::new(options, scope)?;
        let count = levels.channels.len();
        let blocks = self.blocks.resolve("blocks", count)?;
        let mut input = self.stem_channels.unwrap_or(levels.channels[0]);
        levels::check_channels("stem_channels", &[input], 1)?;
        scope.set_scheme(Scheme::HeNormal { slope: 0.01 });
        let pair = [scope.io().in_channels, input];
        // The decoder holds the encoder too.
        let mut encoder_scope = scope.at_any(&[&"encoder", &"decoder.encoder"]);
        let stem = &mut encoder_scope.at("stem.convs.0");
        let stem = levels.unit(pair, levels.kernels[0], [1; 3], stem);
        let mut encoder = Vec::new();
        for (level, &repeats) in blocks.iter().enumerate() {
            let mut stage = Vec::new();
            for block in 0..repeats {
                let output = levels.channels[level];
                let stride = match block {
                    0 => levels.strides[level],
                    _ => [1; 3],
                };
                let mut scope = encoder_scope.at(format!("stages.{level}.blocks.{block}"));
                let kernel = levels.kernels[level];
                let block = Block::new(&levels, [input, output], kernel, stride, &mut scope);
                stage.push(block);
                input = output;
            }
            encoder.push(Stage { blocks: stage });
        }
        let convolutions: Vec<usize> = blocks.iter().map(|blocks| 2 * blocks).collect();
        Ok(NnunetResenc {
            stem,
            encoder,
            decoder: NnunetDecoder::new(&levels, &mut scope.at("decoder")),
            sizes: levels.size_rule(1, &convolutions),
        })
    }
}

/// Two convolutions with a residual connection, which averages where the first one has a stride
/// (`BasicBlockD`).
#[derive(Module, Debug)]
struct Block {
    first: ConvAdn,
    second: ConvAdn,
    /// Of the residual connection, where channels change.
    projection: Option<ConvAdn>,
    activation: Activate,
    #[module(skip)]
    stride: [usize; 3],
}

impl Block {
    fn new(
        levels: &NnunetStages,
        channels: [usize; 2],
        kernel: [usize; 3],
        stride: [usize; 3],
        scope: &mut Scope<'_>,
    ) -> Self {
        let [input, output] = channels;
        let second = ConvConfig::new([output; 2], kernel).bias(levels.bias());
        // A pooling before it has the first number.
        let name = format!("skip.{}", usize::from(stride != [1; 3]));
        let projection = ConvConfig::new(channels, [1; 3]).bias(false);
        let projection =
            (input != output).then(|| levels.linear_unit(projection, &mut scope.at(name)));
        Self {
            first: levels.unit(channels, kernel, stride, &mut scope.at("conv1")),
            second: levels.linear_unit(second, &mut scope.at("conv2")),
            projection,
            activation: levels
                .adn()
                .activation
                .build(output, &mut scope.at("nonlin2")),
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
        let map = self.second.forward(self.first.forward(input));
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
