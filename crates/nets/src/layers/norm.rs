use burn::{
    module::{Flag, Module, Param, RunningState},
    tensor::Tensor,
};
use coverslip_ops::{BatchStatistics, Normalization};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Initializer;

const EPSILON: f64 = 1e-5;
/// Weight of the newest batch in the running statistics.
const MOMENTUM: f64 = 0.1;

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
    /// No normalisation.
    None,
}

/// A normalisation layer of the chosen kind.
#[derive(Module, Debug)]
pub struct Norm {
    batch: Option<BatchNorm>,
    #[module(skip)]
    instance: bool,
}

impl Norm {
    /// A layer for `channels` channels.
    pub fn new(name: NormName, channels: usize, init: &mut Initializer<'_>) -> Self {
        Self {
            batch: (name == NormName::Batch).then(|| BatchNorm::new(channels, init)),
            instance: name == NormName::Instance,
        }
    }

    /// How maps of `channels` channels are normalised; `is_training` is whether they are on a device
    /// that records gradients.
    pub fn normalization(&self, channels: usize, is_training: bool) -> Normalization {
        match &self.batch {
            Some(batch) => batch.normalization(is_training),
            None if self.instance => Normalization::Group {
                groups: channels,
                affine: None,
                epsilon: EPSILON,
            },
            None => Normalization::None,
        }
    }

    /// Takes the statistics of a batch into the running ones.
    pub fn collect(&self, statistics: Option<BatchStatistics>) {
        if let (Some(batch), Some(statistics)) = (&self.batch, statistics) {
            batch.collect(statistics);
        }
    }
}

/// Batch normalisation by PyTorch's rules: epsilon 1e-5, running statistics with momentum 0.1, the
/// running variance unbiased (Ioffe and Szegedy 2015).
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Scale, `[C]`.
    pub weight: Param<Tensor<1>>,
    /// Shift, `[C]`.
    pub bias: Param<Tensor<1>>,
    /// Running mean, `[C]`.
    pub running_mean: RunningState<Tensor<1>>,
    /// Running variance, `[C]`.
    pub running_var: RunningState<Tensor<1>>,
    training: Param<Flag>,
}

impl BatchNorm {
    /// A layer for `channels` channels that starts as the identity.
    pub fn new(channels: usize, init: &mut Initializer<'_>) -> Self {
        Self {
            weight: init.constant(channels, 1.0),
            bias: init.constant(channels, 0.0),
            running_mean: RunningState::new(Tensor::zeros([channels], init.device)),
            running_var: RunningState::new(Tensor::ones([channels], init.device)),
            training: Param::from_bool(true),
        }
    }

    /// By the batch's statistics in training, else by the running ones.
    fn normalization(&self, is_training: bool) -> Normalization {
        let (weight, bias, epsilon) = (self.weight.val(), self.bias.val(), EPSILON);
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

    fn collect(&self, statistics: BatchStatistics) {
        advance(&self.running_mean, statistics.mean);
        advance(&self.running_var, statistics.unbiased_variance);
    }
}

fn advance(running: &RunningState<Tensor<1>>, batch: Tensor<1>) {
    let kept = running.value().mul_scalar(1.0 - MOMENTUM);
    running.update(kept + batch.mul_scalar(MOMENTUM));
    // burn holds an update back until the next one; a checkpoint must see it now.
    running.value_sync();
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tolerance};
    use coverslip_ops::{Activation, FeatureMap, normalize_activate};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn batch_norm_layer(device: &Device) -> BatchNorm {
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let random = &mut random;
        BatchNorm::new(1, &mut Initializer { random, device })
    }

    #[test]
    fn running_statistics_follow_momentum_and_unbiased_variance() {
        let device = Device::flex().autodiff();
        let norm = batch_norm_layer(&device);
        let values = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 6.0], &device);
        let map = FeatureMap::from_tensor(values.reshape([1, 1, 1, 2, 2]));
        let result = normalize_activate(map, norm.normalization(true), Activation::None);
        norm.collect(result.statistics.unwrap());
        let mean = norm.running_mean.value().into_scalar::<f32>();
        let variance = norm.running_var.value().into_scalar::<f32>();
        assert!((mean - 0.3).abs() < 1e-6, "{mean}");
        assert!(
            (variance - (0.9 + 0.1 * 14.0 / 3.0)).abs() < 1e-6,
            "{variance}"
        );
    }

    #[test]
    fn a_valid_copy_uses_the_running_statistics() {
        let device = Device::flex().autodiff();
        let norm = batch_norm_layer(&device);
        let values = Tensor::<1>::from_floats([1.0, 2.0], &Device::flex());
        let map = FeatureMap::from_tensor(values.clone().reshape([1, 1, 1, 1, 2]));
        let normalization = norm.valid().normalization(false);
        let output = normalize_activate(map, normalization, Activation::None).output;
        let output = output.into_tensor().reshape([2]);
        let tolerance = Tolerance::absolute(1e-4);
        output
            .into_data()
            .assert_approx_eq::<f32>(&values.into_data(), tolerance);
    }
}
