//! The normalisation layer, its options and its running statistics.

use burn::{
    module::{Flag, Module, Param, RunningState},
    tensor::Tensor,
};
use coverslip_ops::{
    Activation, BatchStatistics, FeatureMap, Normalization, concat_activate_normalize,
    normalize_activate,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spelling::{SettingError, Spelling};
use crate::build::{Convention, Distribution, NetworkError, Scope, Site};

/// Which statistics a network normalises its feature maps with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NormName {
    /// Over the batch while training, running averages afterwards: a pixel's result does not
    /// depend on the tile it is in.
    #[default]
    Batch,
    /// Over each image by itself, also when predicting: results depend on the tile.
    Instance,
    /// The same with a learned scale and shift.
    InstanceAffine,
    /// Over each image and each group of channels (Wu and He 2018), `groups` of them, 8 unless set,
    /// with a learned scale and shift; one group is layer normalisation. Results depend on the tile.
    Group,
    /// No normalisation.
    None,
}

/// What a normalisation is made of; in a configuration its name, or a map from the name to settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    try_from = "Spelling<NormName, NormSettings>",
    into = "Spelling<NormName, NormSettings>"
)]
pub struct NormConfig {
    /// Over what; `InstanceAffine` is `Instance` with `affine`.
    pub kind: NormName,
    /// How many groups of channels `Group` has.
    pub groups: usize,
    /// Whether a scale and a shift are learned.
    pub affine: bool,
    /// Added to the variance.
    pub epsilon: f64,
    /// Weight of the newest batch in the running statistics.
    pub momentum: f64,
}

/// A normalisation with settings that differ from its usual ones.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NormSettings {
    /// Over the batch.
    Batch {
        /// Whether a scale and a shift are learned; they are unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        affine: Option<bool>,
        /// Added to the variance; 1e-5 unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 0.0, max = 1.0))]
        epsilon: Option<f64>,
        /// Weight of the newest batch in the running statistics; 0.1 unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 0.0, max = 1.0))]
        momentum: Option<f64>,
    },
    /// Over each image by itself.
    Instance {
        /// Whether a scale and a shift are learned; they are not unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        affine: Option<bool>,
        /// Added to the variance; 1e-5 unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 0.0, max = 1.0))]
        epsilon: Option<f64>,
    },
    /// Over each image and each group of channels.
    Group {
        /// How many groups, 8 unless set; they must divide the channels of every layer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1, max = 4096))]
        groups: Option<usize>,
        /// Whether a scale and a shift are learned; they are unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        affine: Option<bool>,
        /// Added to the variance; 1e-5 unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 0.0, max = 1.0))]
        epsilon: Option<f64>,
    },
}

impl TryFrom<Spelling<NormName, NormSettings>> for NormConfig {
    type Error = SettingError;

    fn try_from(spelling: Spelling<NormName, NormSettings>) -> Result<Self, SettingError> {
        let settings = match spelling {
            Spelling::Name(name) => return Ok(Self::of(name)),
            Spelling::Settings(settings) => settings,
        };
        let (usual, groups, affine, epsilon, momentum) = match settings {
            NormSettings::Batch {
                affine,
                epsilon,
                momentum,
            } => (Self::BATCH, None, affine, epsilon, momentum),
            NormSettings::Instance { affine, epsilon } => {
                (Self::INSTANCE, None, affine, epsilon, None)
            }
            NormSettings::Group {
                groups,
                affine,
                epsilon,
            } => (Self::GROUP, groups, affine, epsilon, None),
        };
        let count = groups.map(|groups: usize| groups as f64);
        SettingError::check_range("groups", count, [1.0, 4096.0])?;
        SettingError::check_range("epsilon", epsilon, [0.0, 1.0])?;
        SettingError::check_range("momentum", momentum, [0.0, 1.0])?;
        Ok(Self {
            kind: usual.kind,
            groups: groups.unwrap_or(usual.groups),
            affine: affine.unwrap_or(usual.affine),
            epsilon: epsilon.unwrap_or(usual.epsilon),
            momentum: momentum.unwrap_or(usual.momentum),
        })
    }
}

impl From<NormConfig> for Spelling<NormName, NormSettings> {
    fn from(config: NormConfig) -> Self {
        if config == NormConfig::INSTANCE_AFFINE {
            return Self::Name(NormName::InstanceAffine);
        }
        let usual = NormConfig::of(config.kind);
        if config == usual {
            return Self::Name(config.kind);
        }
        let number = |own: f64, usual: f64| (own != usual).then_some(own);
        let affine = (config.affine != usual.affine).then_some(config.affine);
        let epsilon = number(config.epsilon, usual.epsilon);
        Self::Settings(match config.kind {
            NormName::Batch => NormSettings::Batch {
                affine,
                epsilon,
                momentum: number(config.momentum, usual.momentum),
            },
            NormName::Instance | NormName::InstanceAffine => {
                NormSettings::Instance { affine, epsilon }
            }
            NormName::Group => NormSettings::Group {
                groups: (config.groups != usual.groups).then_some(config.groups),
                affine,
                epsilon,
            },
            NormName::None => return Self::Name(NormName::None),
        })
    }
}

impl NormConfig {
    /// Batch normalisation by PyTorch's defaults.
    pub const BATCH: Self = Self {
        kind: NormName::Batch,
        groups: 8,
        affine: true,
        epsilon: 1e-5,
        momentum: 0.1,
    };
    /// Instance normalisation by PyTorch's defaults: without parameters.
    pub const INSTANCE: Self = Self {
        kind: NormName::Instance,
        affine: false,
        ..Self::BATCH
    };
    /// Instance normalisation with scale and shift.
    pub const INSTANCE_AFFINE: Self = Self {
        affine: true,
        ..Self::INSTANCE
    };
    /// Normalisation of groups of channels.
    pub const GROUP: Self = Self {
        kind: NormName::Group,
        ..Self::BATCH
    };
    /// No normalisation.
    pub const NONE: Self = Self {
        kind: NormName::None,
        affine: false,
        ..Self::BATCH
    };
    /// Batch normalisation by Keras's defaults.
    pub const KERAS: Self = Self {
        epsilon: 1e-3,
        momentum: 0.01,
        ..Self::BATCH
    };

    /// The named normalisation by PyTorch's defaults: epsilon 1e-5, momentum 0.1.
    pub const fn of(name: NormName) -> Self {
        match name {
            NormName::Batch => Self::BATCH,
            NormName::Instance => Self::INSTANCE,
            NormName::InstanceAffine => Self::INSTANCE_AFFINE,
            NormName::Group => Self::GROUP,
            NormName::None => Self::NONE,
        }
    }

    /// Whether an output pixel depends on all pixels of its image.
    pub fn sees_whole_image(&self) -> bool {
        matches!(self.kind, NormName::Instance | NormName::Group)
    }

    /// Whether nothing is normalised.
    pub fn is_none(&self) -> bool {
        self.kind == NormName::None
    }

    /// Whether it normalises over the batch, whose shift makes a bias before it redundant.
    pub fn is_batch(&self) -> bool {
        self.kind == NormName::Batch
    }

    /// Whether pix2pix and `CycleGAN` give the convolutions before it a bias: not before a batch
    /// normalisation, nor where there is none.
    pub fn wants_bias(&self) -> bool {
        self.sees_whole_image()
    }

    /// Makes the layer for `channels` channels; its tensors are named in `scope`. Groups that do not
    /// divide the channels are a fault of the option `norm` ([`Scope::refuse`]).
    pub fn build(self, channels: usize, scope: &mut Scope<'_>) -> Norm {
        let names = match scope.convention() {
            Convention::Pytorch => ["weight", "bias", "running_mean", "running_var"],
            Convention::Keras => ["gamma", "beta", "moving_mean", "moving_variance"],
        };
        let affine = (self.affine && self.kind != NormName::None).then(|| Affine {
            weight: scope.table(names[0], [channels], scope.initialization().scale()),
            bias: scope.table(names[1], [channels], Distribution::Constant(0.0)),
        });
        let running = (self.kind == NormName::Batch).then(|| BatchNorm {
            running_mean: scope.running(names[2], channels, 0.0),
            running_var: scope.running(names[3], channels, 1.0),
            momentum: self.momentum,
            training: Param::from_bool(true),
        });
        Norm {
            affine,
            running,
            kind: self.kind,
            groups: self.groups(channels, scope),
            epsilon: self.epsilon,
            site: scope.site(),
        }
    }

    /// The groups of so many channels.
    fn groups(&self, channels: usize, scope: &mut Scope<'_>) -> usize {
        if self.kind != NormName::Group {
            return channels;
        }
        if self.groups == 0 || !channels.is_multiple_of(self.groups) {
            let problem = format!(
                "{} groups cannot share the {channels} channels of a layer equally; set `groups` to \
                 a divisor of the channels of every layer",
                self.groups
            );
            scope.refuse(NetworkError::new("norm", problem));
            return 1;
        }
        self.groups
    }
}

/// A normalisation layer.
#[derive(Module, Debug)]
pub struct Norm {
    affine: Option<Affine>,
    running: Option<BatchNorm>,
    #[module(skip)]
    kind: NormName,
    /// Of channels with common statistics, where they are not those of the batch.
    #[module(skip)]
    groups: usize,
    #[module(skip)]
    epsilon: f64,
    #[module(skip)]
    site: Site,
}

/// What normalised values are multiplied by and what is added to them.
#[derive(Module, Debug)]
struct Affine {
    /// `[C]`.
    weight: Param<Tensor<1>>,
    /// `[C]`.
    bias: Param<Tensor<1>>,
}

impl Norm {
    /// Normalises and activates a map, same shape.
    pub fn forward(&self, input: FeatureMap, activation: Activation) -> FeatureMap {
        let normalization = self.normalization(input.device().is_autodiff());
        let result = normalize_activate(input, normalization, activation);
        self.collect(result.statistics);
        self.note(result.output.dims());
        result.output
    }

    /// Joins maps along the channels, activates and then normalises them.
    pub fn forward_stacked(&self, maps: Vec<FeatureMap>, activation: Activation) -> FeatureMap {
        let is_training = maps.iter().any(|map| map.device().is_autodiff());
        let normalization = self.normalization(is_training);
        let result = concat_activate_normalize(maps, normalization, activation);
        self.collect(result.statistics);
        self.note(result.output.dims());
        result.output
    }

    /// The same for values `[N, C]` behind a fully connected layer, where Keras lets the running variance
    /// follow the biased variance of the batch.
    pub fn forward_dense(&self, input: Tensor<2>, activation: Activation) -> Tensor<2> {
        let [images, channels] = input.dims();
        let normalization = self.normalization(input.device().is_autodiff());
        // One image whose pixels are the batch: maps of a single pixel are slow.
        let pixels = input.transpose().reshape([1, channels, 1, 1, images]);
        let pixels = FeatureMap::from_tensor(pixels);
        let result = normalize_activate(pixels, normalization, activation);
        let share = (images as f64 - 1.0) / images as f64;
        self.collect(result.statistics.map(|statistics| BatchStatistics {
            unbiased_variance: statistics.unbiased_variance * share,
            ..statistics
        }));
        self.note([images, channels, 1, 1, 1]);
        let output = result.output.into_tensor();
        output.reshape([channels, images]).transpose()
    }

    /// How maps are normalised; `is_training` is whether they are on a device that records
    /// gradients.
    pub fn normalization(&self, is_training: bool) -> Normalization {
        let epsilon = self.epsilon;
        let affine = || {
            let affine = self.affine.as_ref();
            affine.map(|affine| (affine.weight.val(), affine.bias.val()))
        };
        match (&self.running, self.kind) {
            (Some(running), _) => {
                let (weight, bias) = affine().unwrap_or_else(|| {
                    let mean = running.running_mean.value();
                    (mean.ones_like(), mean.zeros_like())
                });
                running.normalization(is_training, [weight, bias], epsilon)
            }
            (None, NormName::None) => Normalization::None,
            (None, _) => Normalization::Group {
                groups: self.groups,
                affine: affine(),
                epsilon,
            },
        }
    }

    /// Takes the statistics of a batch into the running ones.
    pub fn collect(&self, statistics: Option<BatchStatistics>) {
        if let (Some(running), Some(statistics)) = (&self.running, statistics) {
            let share = self.site.statistics_share().unwrap_or(running.momentum);
            running.collect(statistics, share);
        }
    }

    /// Notes the sizes of a pass that went through [`Self::normalization`].
    pub(super) fn note(&self, sizes: [usize; 5]) {
        if self.kind != NormName::None {
            self.site.note("norm", &sizes, &sizes);
        }
    }
}

/// The running statistics of a batch normalisation (Ioffe and Szegedy 2015); the variance is the
/// unbiased one.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Running mean, `[C]`.
    pub running_mean: RunningState<Tensor<1>>,
    /// Running variance, `[C]`.
    pub running_var: RunningState<Tensor<1>>,
    #[module(skip)]
    momentum: f64,
    training: Param<Flag>,
}

impl BatchNorm {
    /// By the batch's statistics in training, else by the running ones.
    fn normalization(
        &self,
        is_training: bool,
        [weight, bias]: [Tensor<1>; 2],
        epsilon: f64,
    ) -> Normalization {
        if is_training && self.training.is_enabled() {
            return Normalization::Batch {
                weight,
                bias,
                epsilon,
            };
        }
        Normalization::Running {
            weight,
            bias,
            mean: self.running_mean.value(),
            variance: self.running_var.value(),
            epsilon,
        }
    }

    /// Moves the running statistics by a `share` of the way to those of a batch.
    fn collect(&self, statistics: BatchStatistics, share: f64) {
        advance(&self.running_mean, statistics.mean, share);
        advance(&self.running_var, statistics.unbiased_variance, share);
    }
}

fn advance(running: &RunningState<Tensor<1>>, batch: Tensor<1>, share: f64) {
    let kept = running.value().mul_scalar(1.0 - share);
    running.update(kept + batch.mul_scalar(share));
    // burn holds an update back until the next one; a checkpoint must see it now.
    running.value_sync();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::build::{BuildSettings, NetworkBuilder, NetworkIo, PassState};
    use burn::tensor::{Device, Tolerance};

    fn batch_norm_layer(device: &Device) -> (Norm, Arc<PassState>) {
        let io = NetworkIo {
            in_channels: 1,
            out_channels: 1,
            dimensions: 2,
        };
        let mut builder = NetworkBuilder::new(BuildSettings {
            io,
            seed: 0,
            device: device.clone(),
            exact: false,
        });
        let norm = NormConfig::BATCH.build(1, &mut builder.root());
        (norm, builder.finish().1)
    }

    #[test]
    fn is_a_name_or_a_name_with_settings() {
        for text in [
            r#""instance_affine""#,
            r#"{"group":{"groups":4,"affine":false}}"#,
            r#"{"batch":{"epsilon":0.001,"momentum":0.01}}"#,
        ] {
            let config: NormConfig = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&config).unwrap(), text);
        }
        let error = |text| serde_json::from_str::<NormConfig>(text).unwrap_err();
        let foreign = error(r#"{"batch": {"groups": 4}}"#).to_string();
        assert!(
            foreign.contains("unknown field `groups`, expected one of"),
            "{foreign}"
        );
        assert!(error(r#""bach""#).to_string().contains("`bach`"));
    }

    #[test]
    fn running_statistics_follow_momentum_and_unbiased_variance() {
        let device = Device::flex().autodiff();
        let (norm, _) = batch_norm_layer(&device);
        let values = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 6.0], &device);
        let map = FeatureMap::from_tensor(values.reshape([1, 1, 1, 2, 2]));
        norm.forward(map, Activation::None);
        let running = norm.running.unwrap();
        let mean = running.running_mean.value().into_scalar::<f32>();
        let variance = running.running_var.value().into_scalar::<f32>();
        assert!((mean - 0.3).abs() < 1e-6, "{mean}");
        assert!(
            (variance - (0.9 + 0.1 * 14.0 / 3.0)).abs() < 1e-6,
            "{variance}"
        );
    }

    #[test]
    fn a_valid_copy_uses_the_running_statistics() {
        let device = Device::flex().autodiff();
        let (norm, _) = batch_norm_layer(&device);
        let values = Tensor::<1>::from_floats([1.0, 2.0], &Device::flex());
        let map = FeatureMap::from_tensor(values.clone().reshape([1, 1, 1, 1, 2]));
        let output = norm.valid().forward(map, Activation::None);
        let output = output.into_tensor().reshape([2]);
        let tolerance = Tolerance::absolute(1e-4);
        output
            .into_data()
            .assert_approx_eq::<f32>(&values.into_data(), tolerance);
    }

    #[test]
    fn shares_of_one_over_k_make_the_mean_over_batches() {
        let device = Device::flex().autodiff();
        let (norm, pass) = batch_norm_layer(&device);
        for (index, value) in [1.0, 2.0, 6.0].into_iter().enumerate() {
            pass.set_statistics_share(Some(1.0 / (index + 1) as f64));
            let values = Tensor::<1>::from_floats([value, value + 2.0], &device);
            let map = FeatureMap::from_tensor(values.reshape([1, 1, 1, 1, 2]));
            norm.forward(map, Activation::None);
        }
        let running = norm.running.unwrap();
        let mean = running.running_mean.value().into_scalar::<f32>();
        let variance = running.running_var.value().into_scalar::<f32>();
        assert!((mean - 4.0).abs() < 1e-6, "{mean}");
        assert!((variance - 2.0).abs() < 1e-6, "{variance}");
    }
}
