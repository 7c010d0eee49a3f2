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

use crate::build::{Convention, Draw, Scope, Site};

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
    /// No normalisation.
    None,
}

impl NormName {
    /// The layer by PyTorch's defaults: epsilon 1e-5, momentum 0.1.
    pub fn config(self) -> NormConfig {
        match self {
            Self::Batch => NormConfig::BATCH,
            Self::Instance => NormConfig::INSTANCE,
            Self::InstanceAffine => NormConfig {
                affine: true,
                ..NormConfig::INSTANCE
            },
            Self::None => NormConfig {
                kind: NormName::None,
                affine: false,
                ..NormConfig::BATCH
            },
        }
    }

    /// Whether an output pixel depends on all pixels of its image.
    pub fn sees_whole_image(self) -> bool {
        matches!(self, Self::Instance | Self::InstanceAffine)
    }
}

/// What a normalisation is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormConfig {
    /// Over what; `InstanceAffine` is `Instance` with `affine`.
    pub kind: NormName,
    /// Whether a scale and a shift are learned.
    pub affine: bool,
    /// Added to the variance.
    pub epsilon: f64,
    /// Weight of the newest batch in the running statistics.
    pub momentum: f64,
}

impl NormConfig {
    /// Batch normalisation by PyTorch's defaults.
    pub const BATCH: Self = Self {
        kind: NormName::Batch,
        affine: true,
        epsilon: 1e-5,
        momentum: 0.1,
    };
    /// Instance normalisation by PyTorch's defaults: without parameters.
    pub const INSTANCE: Self = Self {
        kind: NormName::Instance,
        affine: false,
        epsilon: 1e-5,
        momentum: 0.1,
    };
    /// Batch normalisation by Keras's defaults.
    pub const KERAS: Self = Self {
        kind: NormName::Batch,
        affine: true,
        epsilon: 1e-3,
        momentum: 0.01,
    };

    /// Makes the layer for `channels` channels; its tensors are named in `scope`.
    pub fn build(self, channels: usize, scope: &mut Scope<'_>) -> Norm {
        let names = match scope.convention() {
            Convention::Pytorch => ["weight", "bias", "running_mean", "running_var"],
            Convention::Keras => ["gamma", "beta", "moving_mean", "moving_variance"],
        };
        let affine = (self.affine && self.kind != NormName::None).then(|| Affine {
            weight: scope.table(names[0], [channels], scope.scheme().scale()),
            bias: scope.table(names[1], [channels], Draw::Constant(0.0)),
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
            epsilon: self.epsilon,
            channels,
            site: scope.site(),
        }
    }
}

/// A normalisation layer.
#[derive(Module, Debug)]
pub struct Norm {
    affine: Option<Affine>,
    running: Option<BatchNorm>,
    #[module(skip)]
    kind: NormName,
    #[module(skip)]
    epsilon: f64,
    #[module(skip)]
    channels: usize,
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
        self.note(&result.output);
        result.output
    }

    /// Joins maps along the channels, activates and then normalises them.
    pub fn forward_stacked(&self, maps: Vec<FeatureMap>, activation: Activation) -> FeatureMap {
        let is_training = maps.iter().any(|map| map.device().is_autodiff());
        let normalization = self.normalization(is_training);
        let result = concat_activate_normalize(maps, normalization, activation);
        self.collect(result.statistics);
        self.note(&result.output);
        result.output
    }

    /// The same for one value of each channel, `[N, C, 1, 1, 1]`, behind a fully connected layer, where
    /// Keras lets the running variance follow the biased variance of the batch.
    pub fn forward_dense(&self, input: FeatureMap, activation: Activation) -> FeatureMap {
        let images = input.dims()[0] as f64;
        let normalization = self.normalization(input.device().is_autodiff());
        let result = normalize_activate(input, normalization, activation);
        self.collect(result.statistics.map(|statistics| BatchStatistics {
            unbiased_variance: statistics.unbiased_variance * ((images - 1.0) / images),
            ..statistics
        }));
        self.note(&result.output);
        result.output
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
                groups: self.channels,
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

    /// Notes the output of a pass that went through [`Self::normalization`].
    pub(super) fn note(&self, output: &FeatureMap) {
        if self.kind != NormName::None {
            self.site.gave("norm", || output.dims().to_vec());
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
    use crate::{
        build::{BuildSettings, Construction, Run},
        network::NetworkIo,
    };
    use burn::tensor::{Device, Tolerance};

    fn batch_norm_layer(device: &Device) -> (Norm, Arc<Run>) {
        let io = NetworkIo {
            in_channels: 1,
            out_channels: 1,
            dimensions: 2,
        };
        let mut construction = Construction::new(BuildSettings {
            io,
            seed: 0,
            device: device.clone(),
            exact: false,
        });
        let norm = NormConfig::BATCH.build(1, &mut construction.root());
        (norm, construction.finish().1)
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
        let (norm, run) = batch_norm_layer(&device);
        for (index, value) in [1.0, 2.0, 6.0].into_iter().enumerate() {
            run.set_statistics_share(Some(1.0 / (index + 1) as f64));
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
