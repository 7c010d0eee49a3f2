//! What the two networks of nnU-Net (`dynamic_network_architectures`) share.

use std::collections::BTreeMap;

use burn::module::Module;
use coverslip_ops::{Dropout, FeatureMap};

use super::{AdnConfig, AdnStep, ConvAdn, LevelCounts, PartNames, levels};
use crate::{
    build::{Extent, NetworkError, Scope},
    layers::{ActivationConfig, Conv, ConvConfig, ConvTranspose, ConvTransposeConfig, NormConfig},
    network::{Outputs, ReceptiveField, SizeRule},
};

/// Options that both networks have, borrowed from theirs.
#[derive(Clone, Copy, Debug)]
pub struct NnunetOptions<'a> {
    /// Of each level from the finest.
    pub channels: &'a [usize],
    /// Of each level.
    pub kernels: Option<&'a [Extent]>,
    /// Of each level.
    pub strides: Option<&'a [Extent]>,
    /// Of each level but the coarsest, from the coarsest.
    pub decoder_convolutions: &'a LevelCounts,
    /// Normalisation.
    pub norm: NormConfig,
    /// Activation.
    pub activation: ActivationConfig,
    /// Whether the activation is done before the normalisation.
    pub activation_first: bool,
    /// Share of channels that dropout sets to zero.
    pub dropout: f64,
    /// Whether convolutions have a bias.
    pub bias: bool,
    /// Whether coarser levels give outputs too.
    pub deep_supervision: bool,
}

/// The levels of a network, checked.
#[derive(Clone, Debug)]
pub struct NnunetStages {
    /// Channels of each level from the finest.
    pub channels: Vec<usize>,
    /// Kernel `[Z, Y, X]` of each level.
    pub kernels: Vec<[usize; 3]>,
    /// Stride `[Z, Y, X]` at the begin of each level.
    pub strides: Vec<[usize; 3]>,
    decoder_convolutions: Vec<usize>,
    adn: AdnConfig,
    activation_first: bool,
    bias: bool,
    deep_supervision: bool,
}

impl NnunetStages {
    /// Checks the options.
    ///
    /// # Errors
    ///
    /// When one is outside its range, or lists do not have an entry for each level.
    pub fn new(options: NnunetOptions<'_>, scope: &Scope<'_>) -> Result<Self, NetworkError> {
        let channels = options.channels;
        levels::check_channels("channels", channels, 2)?;
        let count = channels.len();
        let mut adn = AdnConfig::new(options.norm, options.activation).dropout(options.dropout);
        adn.dropout_kind = Dropout::Channels;
        adn.check()?;
        let convolutions = options.decoder_convolutions;
        Ok(Self {
            channels: channels.to_vec(),
            kernels: levels::odd_kernels("kernels", options.kernels, count, scope)?,
            strides: levels::strides("strides", options.strides, count, 1, scope)?,
            decoder_convolutions: convolutions.resolve(
                "decoder_convolutions",
                count - 1,
                levels::MOST_REPEATS,
            )?,
            adn,
            activation_first: options.activation_first,
            bias: options.bias,
            deep_supervision: options.deep_supervision,
        })
    }

    /// Convolution, dropout, normalisation, activation (`ConvDropoutNormReLU`).
    pub fn unit(
        &self,
        channels: [usize; 2],
        kernel: [usize; 3],
        stride: [usize; 3],
        scope: &mut Scope<'_>,
    ) -> ConvAdn {
        use AdnStep::{Activation, Dropout, Norm};

        let conv = ConvConfig::new(channels, kernel)
            .stride(stride)
            .bias(self.bias);
        let steps = if self.activation_first {
            [Dropout, Activation, Norm]
        } else {
            [Dropout, Norm, Activation]
        };
        self.unit_of(conv, &steps, scope)
    }

    /// A convolution and some of the steps. Each layer is registered by itself and in the sequence of
    /// all, where a step that is not done has no number.
    pub fn unit_of(&self, conv: ConvConfig, steps: &[AdnStep], scope: &mut Scope<'_>) -> ConvAdn {
        let is_done = |step: &AdnStep| match step {
            AdnStep::Norm => !self.adn.norm.is_none(),
            AdnStep::Dropout => self.adn.dropout > 0.0,
            AdnStep::Activation => !self.adn.activation.is_none(),
        };
        let steps: Vec<AdnStep> = steps.iter().copied().filter(is_done).collect();
        let numbered = |step| {
            let before = steps.iter().take_while(|other| **other != step).count();
            format!("all_modules.{}", before + 1)
        };
        let [norm, activation] = [AdnStep::Norm, AdnStep::Activation].map(numbered);
        let names = PartNames {
            conv: &["conv", "all_modules.0"],
            norm: &["norm", &norm],
            activation: &["nonlin", &activation],
        };
        ConvAdn::new(conv, &self.adn.order(&steps), names, scope)
    }

    /// The steps after convolutions.
    pub fn adn(&self) -> &AdnConfig {
        &self.adn
    }

    /// Whether convolutions have a bias.
    pub fn bias(&self) -> bool {
        self.bias
    }

    /// Units one after the other, the first with a stride (`StackedConvBlocks`).
    pub fn stack(
        &self,
        channels: [usize; 2],
        count: usize,
        kernel: [usize; 3],
        stride: [usize; 3],
        scope: &mut Scope<'_>,
    ) -> Vec<ConvAdn> {
        let unit = |index| {
            let (pair, stride) = match index {
                0 => (channels, stride),
                _ => ([channels[1]; 2], [1; 3]),
            };
            let scope = &mut scope.at(format!("convs.{index}"));
            self.unit(pair, kernel, stride, scope)
        };
        (0..count).map(unit).collect()
    }

    /// The sizes a network accepts whose encoder has `convolutions` of these kernels at each level,
    /// and `first` more before the first.
    pub fn size_rule(&self, first: usize, convolutions: &[usize]) -> SizeRule {
        let sizes = SizeRule::multiples_of(levels::total_stride(&self.strides));
        if self.adn.norm.sees_whole_image() {
            return sizes;
        }
        let mut field = ReceptiveField::default();
        field.convolve(self.kernels[0], first);
        let stages = self.kernels.iter().zip(&self.strides).zip(convolutions);
        for ((kernel, stride), count) in stages {
            // The strided convolution, or a wider pooling beside it, counts at the finer level.
            let half = kernel.map(|size| size / 2);
            let widest = [0, 1, 2].map(|axis| kernel[axis].max(stride[axis] + half[axis]));
            field.window(widest, half);
            field.down(*stride);
            field.convolve(*kernel, count - 1);
        }
        let levels = (1..self.strides.len()).rev();
        for (level, count) in levels.zip(&self.decoder_convolutions) {
            field.up(self.strides[level]);
            field.window(self.strides[level], [0; 3]);
            field.convolve(self.kernels[level - 1], *count);
        }
        sizes.with_margin(field.margin())
    }
}

/// One level of the way up.
#[derive(Module, Debug)]
struct DecoderStage {
    transposed: ConvTranspose,
    convolutions: Vec<ConvAdn>,
    /// Scores of this level; only the finest one's are used without deep supervision.
    scores: Conv,
}

/// The way up (`UNetDecoder`).
#[derive(Module, Debug)]
pub struct NnunetDecoder {
    /// From the coarsest level.
    stages: Vec<DecoderStage>,
    #[module(skip)]
    deep_supervision: bool,
}

impl NnunetDecoder {
    /// The decoder for an encoder of these levels, named in `scope`.
    pub fn new(levels: &NnunetStages, scope: &mut Scope<'_>) -> Self {
        let classes = scope.io().out_channels;
        let mut stages = Vec::new();
        let fine_levels = (0..levels.channels.len() - 1).rev();
        for (stage, level) in fine_levels.enumerate() {
            let [skip, below] = [levels.channels[level], levels.channels[level + 1]];
            let transposed = ConvTransposeConfig::blocks([below, skip], levels.strides[level + 1]);
            let transposed = transposed.bias(levels.bias);
            let scores = ConvConfig::new([skip, classes], [1; 3]);
            stages.push(DecoderStage {
                transposed: transposed.build(&mut scope.at(format!("transpconvs.{stage}"))),
                convolutions: levels.stack(
                    [2 * skip, skip],
                    levels.decoder_convolutions[stage],
                    levels.kernels[level],
                    [1; 3],
                    &mut scope.at(format!("stages.{stage}")),
                ),
                scores: scores.build(&mut scope.at(format!("seg_layers.{stage}"))),
            });
        }
        Self {
            stages,
            deep_supervision: levels.deep_supervision,
        }
    }

    /// Scores from the maps of the encoder, the finest first. With deep supervision, on a device that
    /// records gradients, also `deep_1`, `deep_2`, ... of the coarser levels, each in its own size.
    ///
    /// # Panics
    ///
    /// When there are not as many maps as levels.
    pub fn forward(&self, mut maps: Vec<FeatureMap>) -> Outputs {
        assert_eq!(maps.len(), self.stages.len() + 1, "maps of the encoder");
        let mut map = maps.remove(self.stages.len());
        let is_deep = self.deep_supervision && map.device().is_autodiff();
        let mut coarser = BTreeMap::new();
        for (stage, skip) in self.stages.iter().zip(maps.into_iter().rev()) {
            map = FeatureMap::concat(vec![stage.transposed.forward(map), skip]);
            let units = stage.convolutions.iter();
            map = units.fold(map, |map, unit| unit.forward(map));
            let level = self.stages.len() - 1 - coarser.len();
            if is_deep && level > 0 {
                let scores = stage.scores.forward(map.clone());
                coarser.insert(format!("deep_{level}"), scores.into_tensor());
            }
        }
        if let Some(finest) = self.stages.last() {
            map = finest.scores.forward(map);
        }
        Outputs {
            main: map.into_tensor(),
            others: coarser,
        }
    }
}
