//! Batch and group normalisation with the activation behind it, alone or behind a convolution.

use std::sync::{Arc, OnceLock};

use burn::tensor::{Device, Tensor, module};
use coverslip_kernels::{
    Extent, FusedActivation,
    maps::{MapShape, Moments, PartialMoments, Statistics},
};

use crate::{
    Activation, ConvGeometry, FeatureMap, activate,
    conv::{conv, cpu_conv, cpu_conv_folded},
    cpu::{ConvCache, NormalizeActivate, fetch},
};

/// The statistics that a map is normalised by. All tensors are `[C]`.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a value lives as long as one call"
)]
pub enum Normalization {
    /// None: the map stays as it is.
    None,
    /// Mean and biased variance of each channel over `N, Z, Y, X`.
    Batch {
        /// Scale.
        weight: Tensor<1>,
        /// Shift.
        bias: Tensor<1>,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Given mean and variance of each channel, as batch normalisation does after training.
    Running {
        /// Scale.
        weight: Tensor<1>,
        /// Shift.
        bias: Tensor<1>,
        /// Mean.
        mean: Tensor<1>,
        /// Variance.
        variance: Tensor<1>,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Mean and biased variance of each sample and each of so many equal groups of channels; a group
    /// for each channel is instance normalisation, one group layer normalisation.
    ///
    /// The statistics are those of what is passed in, so a tile is normalised differently from the
    /// image it was cut from.
    Group {
        /// How many groups.
        groups: usize,
        /// Scale and shift, if any.
        affine: Option<(Tensor<1>, Tensor<1>)>,
        /// Added to the variance.
        epsilon: f64,
    },
}

/// A normalised map.
pub struct Normalized {
    /// The map, same shape as the input.
    pub output: FeatureMap,
    /// What running statistics collect; for [`Normalization::Batch`] only.
    pub statistics: Option<BatchStatistics>,
}

/// Statistics of a batch, without gradient.
pub struct BatchStatistics {
    /// Mean of each channel, `[C]`.
    pub mean: Tensor<1>,
    /// Unbiased variance of each channel, `[C]`, as PyTorch's running statistics collect it; with a
    /// single value per channel it equals the biased one.
    pub unbiased_variance: Tensor<1>,
}

/// `activation((x - mean) / sqrt(variance + epsilon) * weight + bias)`.
pub fn normalize_activate(
    input: FeatureMap,
    normalization: Normalization,
    activation: Activation,
) -> Normalized {
    normalize_with_parts(input, normalization, activation, None)
}

/// A convolution (see [`conv`]), normalisation and activation, in as few passes over memory as can be.
///
/// `cache` belongs to the layer; without gradients it keeps what depends on the parameters alone.
pub fn conv_normalize_activate(
    input: FeatureMap,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
    normalization: Normalization,
    activation: Activation,
    cache: &ConvCache,
) -> Normalized {
    if !input.is_ours() {
        let map = conv(input, weight, bias, geometry);
        return normalize_activate(map, normalization, activation);
    }
    let is_training = input.device().is_autodiff();
    let normalization = match (normalization, activation.fused()) {
        (Normalization::None, Some(fused)) if !is_training => {
            let output = cpu_conv_folded(input, weight, bias, geometry, None, fused, cache);
            return Normalized::plain(output);
        }
        (
            Normalization::Running {
                weight: scale,
                bias: shift,
                mean,
                variance,
                epsilon,
            },
            Some(fused),
        ) if !is_training => {
            // The normalisation of a convolution is a convolution.
            let statistics = Some(([scale, shift, mean, variance], epsilon));
            let output = cpu_conv_folded(input, weight, bias, geometry, statistics, fused, cache);
            return Normalized::plain(output);
        }
        (other, _) => other,
    };
    let wants_moments = matches!(
        normalization,
        Normalization::Batch { .. } | Normalization::Group { .. }
    );
    let parts = wants_moments.then(|| Arc::new(OnceLock::new()));
    let place = parts.clone();
    let fused = FusedActivation::Identity;
    let map = cpu_conv(input, weight, bias, geometry, fused, place);
    normalize_with_parts(map, normalization, activation, parts)
}

impl Normalized {
    fn plain(output: FeatureMap) -> Self {
        Self {
            output,
            statistics: None,
        }
    }
}

type Parts = Arc<OnceLock<Vec<PartialMoments>>>;

fn normalize_with_parts(
    input: FeatureMap,
    normalization: Normalization,
    activation: Activation,
    parts: Option<Parts>,
) -> Normalized {
    if input.is_ours() {
        return match KernelNormalization::of(normalization, input.dims()[1], &input.device()) {
            Some(normalization) => ours(input, normalization, activation, parts),
            None => Normalized::plain(activate(input, activation)),
        };
    }
    match normalization {
        Normalization::None => Normalized::plain(activate(input, activation)),
        Normalization::Batch {
            weight,
            bias,
            epsilon,
        } => batch(input, weight, bias, epsilon, activation),
        Normalization::Running {
            weight,
            bias,
            mean,
            variance,
            epsilon,
        } => {
            let tensor = input.into_tensor();
            let map = module::batch_norm(tensor, weight, bias, mean, variance, epsilon);
            Normalized::plain(activate(FeatureMap::from_tensor(map), activation))
        }
        Normalization::Group {
            groups,
            affine,
            epsilon,
        } => {
            let map = group(input, groups, affine, epsilon);
            Normalized::plain(activate(map, activation))
        }
    }
}

/// A normalisation as our kernels take it.
pub(crate) struct KernelNormalization {
    pub(crate) statistics: Statistics,
    pub(crate) epsilon: f32,
    /// Given mean and variance, where they are not those of the map.
    pub(crate) frozen: Option<Moments>,
    /// Scale and shift, `[C]`.
    pub(crate) affine: [Tensor<1>; 2],
}

impl KernelNormalization {
    /// That of a map of so many channels; none where there is none.
    pub(crate) fn of(
        normalization: Normalization,
        channels: usize,
        device: &Device,
    ) -> Option<Self> {
        let (statistics, epsilon, frozen, affine) = match normalization {
            Normalization::None => return None,
            Normalization::Batch {
                weight,
                bias,
                epsilon,
            } => (Statistics::Batch, epsilon, None, [weight, bias]),
            Normalization::Running {
                weight,
                bias,
                mean,
                variance,
                epsilon,
            } => {
                let frozen = Moments {
                    mean: fetch(mean),
                    variance: fetch(variance),
                    count: 1,
                };
                (Statistics::Batch, epsilon, Some(frozen), [weight, bias])
            }
            Normalization::Group {
                groups,
                affine,
                epsilon,
            } => {
                let statistics = if groups == channels {
                    Statistics::Instance
                } else {
                    Statistics::Group(groups)
                };
                let (weight, bias) = affine.unwrap_or_else(|| identity(channels, device));
                (statistics, epsilon, None, [weight, bias])
            }
        };
        Some(Self {
            statistics,
            epsilon: epsilon as f32,
            frozen,
            affine,
        })
    }

    /// Whether running statistics collect its moments.
    pub(crate) fn is_of_batch(&self) -> bool {
        self.statistics == Statistics::Batch && self.frozen.is_none()
    }
}

impl BatchStatistics {
    /// From biased moments.
    pub(crate) fn of(moments: &Moments, extent: Extent, device: &Device) -> Self {
        let count = (extent.n * extent.pixels()) as f32;
        let correction = count / (count - 1.0).max(1.0);
        let device = device.clone().inner();
        let tensor = |values: Vec<f32>| Tensor::<1>::from_floats(values.as_slice(), &device);
        let unbiased = moments.variance.iter().map(|v| v * correction).collect();
        Self {
            mean: tensor(moments.mean.clone()),
            unbiased_variance: tensor(unbiased),
        }
    }
}

/// A scale of one and a shift of zero.
fn identity(channels: usize, device: &Device) -> (Tensor<1>, Tensor<1>) {
    (
        Tensor::ones([channels], device),
        Tensor::zeros([channels], device),
    )
}

fn ours(
    input: FeatureMap,
    normalization: KernelNormalization,
    activation: Activation,
    parts: Option<Parts>,
) -> Normalized {
    let found = Arc::new(OnceLock::new());
    let device = input.device();
    let extent = input.extent();
    let is_of_batch = normalization.is_of_batch();
    let operation = |shape: MapShape| NormalizeActivate {
        shape,
        statistics: normalization.statistics,
        epsilon: normalization.epsilon,
        activation: activation.into(),
        parts: parts.filter(|_| normalization.frozen.is_none()),
        frozen: normalization.frozen,
        found: Arc::clone(&found),
    };
    let affine = normalization.affine.map(Tensor::into_dispatch).to_vec();
    let output = input.call_whole(affine, operation);
    let moments = found.get().filter(|_| is_of_batch);
    let statistics = moments.map(|moments| BatchStatistics::of(moments, extent, &device));
    Normalized { output, statistics }
}

fn batch(
    input: FeatureMap,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    activation: Activation,
) -> Normalized {
    let [n, _, z, y, x] = input.dims();
    let count = n * z * y * x;
    let result = module::batch_norm_train(input.into_tensor(), weight, bias, epsilon);
    let correction = count as f64 / count.saturating_sub(1).max(1) as f64;
    Normalized {
        output: activate(FeatureMap::from_tensor(result.output), activation),
        statistics: Some(BatchStatistics {
            mean: result.mean.detach(),
            unbiased_variance: result.variance.detach().mul_scalar(correction),
        }),
    }
}

fn group(
    input: FeatureMap,
    groups: usize,
    affine: Option<(Tensor<1>, Tensor<1>)>,
    epsilon: f64,
) -> FeatureMap {
    let dims = input.dims();
    let [n, c, z, y, x] = dims;
    let rows = input
        .into_tensor()
        .reshape([n * groups, c / groups * z * y * x]);
    let mean = rows.clone().mean_dim(1);
    let centred = rows - mean;
    let variance = centred.clone().square().mean_dim(1);
    let normalised = centred / variance.add_scalar(epsilon).sqrt();
    let mut tensor = normalised.reshape(dims);
    if let Some((weight, bias)) = affine {
        let channels = [1, c, 1, 1, 1];
        tensor = tensor * weight.reshape(channels) + bias.reshape(channels);
    }
    FeatureMap::from_tensor(tensor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tolerance};

    #[test]
    fn batch_norm_reports_the_unbiased_variance() {
        let device = Device::flex();
        let values = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 6.0], &device);
        let map = FeatureMap::from_tensor(values.reshape([2, 1, 1, 1, 2]));
        let (weight, bias) = identity(1, &device);
        let normalization = Normalization::Batch {
            weight,
            bias,
            epsilon: 0.0,
        };
        let result = normalize_activate(map, normalization, Activation::None);
        let statistics = result.statistics.unwrap();
        assert_eq!(statistics.mean.into_scalar::<f32>(), 3.0);
        let variance = statistics.unbiased_variance.into_scalar::<f32>();
        assert!((variance - 14.0 / 3.0).abs() < 1e-6, "{variance}");
        // The output itself is normalised by the biased variance, 3.5.
        let first = result
            .output
            .into_tensor()
            .into_data()
            .try_to_vec::<f32>()
            .unwrap()[0];
        assert!((first + 2.0 / 3.5f32.sqrt()).abs() < 1e-6, "{first}");
    }

    #[test]
    fn instance_norm_gives_zero_mean_and_unit_variance() {
        let device = Device::flex();
        let values = Tensor::<1>::from_floats([1.0, 3.0, 10.0, 30.0], &device);
        let map = FeatureMap::from_tensor(values.reshape([1, 2, 1, 1, 2]));
        let expected = Tensor::<1>::from_floats([-1.0, 1.0, -1.0, 1.0], &device);
        let normalization = Normalization::Group {
            groups: 2,
            affine: None,
            epsilon: 0.0,
        };
        let result = normalize_activate(map, normalization, Activation::None);
        let normalised = result.output.into_tensor().reshape([4]);
        normalised
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-6));
    }
}
