//! nnU-Net's plain U-Net (`PlainConvUNet`; Isensee et al. 2021).

use burn::module::Module;
use coverslip_ops::FeatureMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blocks::{ConvAdn, LevelCounts, NnunetDecoder, NnunetOptions, NnunetStages, levels},
    build::{Extent, Initialization, NetworkError, Scope},
    layers::{ActivationConfig, ActivationName, NormConfig},
    network::{Architecture, Inputs, Network, Outputs, SizeRule},
};

/// The plain U-Net of nnU-Net (Isensee et al. 2021).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NnunetPlainConfig {
    /// Channels of each level from the finest; at least two levels.
    pub channels: Vec<usize>,
    /// Kernel `[z, y, x]` of each level; 3 everywhere when absent (1 along z for 2D images).
    pub kernels: Option<Vec<Extent>>,
    /// Reduction `[z, y, x]` by the first convolution of each level; 1, then 2 everywhere when absent
    /// (1 along z for 2D images).
    pub strides: Option<Vec<Extent>>,
    /// Convolutions of each level on the way down: one number, or one for each level from the finest.
    pub convolutions: LevelCounts,
    /// Convolutions of each level on the way up: one number, or one for each level from the
    /// coarsest.
    pub decoder_convolutions: LevelCounts,
    /// Normalisation after each convolution.
    pub norm: NormConfig,
    /// Activation after each normalisation, or before it.
    pub activation: ActivationConfig,
    /// Whether the activation is done before the normalisation.
    pub activation_first: bool,
    /// Share of channels that are set to zero while training, against overfitting.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
    /// Whether convolutions add a learned number to each channel.
    pub bias: bool,
    /// Whether coarser levels of the decoder give an output too while training: `deep_1`, `deep_2`,
    /// ... from the finest, each in the size of its level.
    pub deep_supervision: bool,
}

impl Default for NnunetPlainConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 128, 256, 320, 320],
            kernels: None,
            strides: None,
            convolutions: LevelCounts::All(2),
            decoder_convolutions: LevelCounts::All(2),
            norm: NormConfig::INSTANCE_AFFINE,
            activation: ActivationConfig::of(ActivationName::LeakyRelu),
            activation_first: false,
            dropout: 0.0,
            bias: true,
            deep_supervision: false,
        }
    }
}

impl Architecture for NnunetPlainConfig {
    type Network = NnunetPlain;

    /// # Errors
    ///
    /// When an option is outside its range, or lists do not have an entry for each level.
    fn build(&self, scope: &mut Scope<'_>) -> Result<NnunetPlain, NetworkError> {
        let options = NnunetOptions {
            channels: &self.channels,
            kernels: self.kernels.as_deref(),
            strides: self.strides.as_deref(),
            decoder_convolutions: &self.decoder_convolutions,
            norm: self.norm,
            activation: self.activation,
            activation_first: self.activation_first,
            dropout: self.dropout,
            bias: self.bias,
            deep_supervision: self.deep_supervision,
        };
        let stages = NnunetStages::new(options, scope)?;
        let count = stages.channels.len();
        let convolutions =
            self.convolutions
                .resolve("convolutions", count, levels::MOST_REPEATS)?;
        scope.set_initialization(Initialization::HeNormal { slope: 0.01 });
        let mut input = scope.io().in_channels;
        let mut encoder = Vec::new();
        {
            // The decoder holds the encoder too.
            let mut scope = scope.at_any(&[&"encoder", &"decoder.encoder"]);
            for (level, &repeats) in convolutions.iter().enumerate() {
                let output = stages.channels[level];
                encoder.push(Stage {
                    convolutions: stages.stack(
                        [input, output],
                        repeats,
                        stages.kernels[level],
                        stages.strides[level],
                        &mut scope.at(format!("stages.{level}.0")),
                    ),
                });
                input = output;
            }
        }
        Ok(NnunetPlain {
            encoder,
            decoder: NnunetDecoder::new(&stages, &mut scope.at("decoder")),
            sizes: stages.size_rule(0, &convolutions),
        })
    }
}

/// A level of the way down.
#[derive(Module, Debug)]
struct Stage {
    convolutions: Vec<ConvAdn>,
}

/// nnU-Net's plain U-Net; see [`NnunetPlainConfig`].
#[derive(Module, Debug)]
pub struct NnunetPlain {
    encoder: Vec<Stage>,
    decoder: NnunetDecoder,
    #[module(skip)]
    sizes: SizeRule,
}

impl Network for NnunetPlain {
    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`, the image's size divided by the first stride,
    /// without a final activation; see [`NnunetDecoder::forward`] for deep supervision.
    fn forward(&self, inputs: Inputs) -> Outputs {
        let mut map = FeatureMap::from_tensor(inputs.main);
        let mut maps = Vec::with_capacity(self.encoder.len());
        for stage in &self.encoder {
            let units = stage.convolutions.iter();
            map = units.fold(map, |map, unit| unit.forward(map));
            maps.push(map.clone());
        }
        self.decoder.forward(maps)
    }

    fn sizes(&self) -> SizeRule {
        self.sizes
    }
}
