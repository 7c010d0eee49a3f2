use burn::tensor::{Tensor, module};

use crate::FeatureMap;

/// What [`batch_norm`] computes in training.
pub struct BatchNormOutput {
    /// The normalised map, same shape as the input.
    pub output: FeatureMap,
    /// Mean of each channel, `[C]`, without gradient.
    pub mean: Tensor<1>,
    /// Unbiased variance of each channel, `[C]`, without gradient: what running statistics collect.
    pub unbiased_variance: Tensor<1>,
}

/// Normalises each channel by the mean and biased variance over `N, Z, Y, X`, then scales by
/// `weight` and shifts by `bias` (both `[C]`).
///
/// Running statistics collect the unbiased variance, as PyTorch's `BatchNorm` does; with a single
/// value per channel it equals the biased one.
pub fn batch_norm(
    input: FeatureMap,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> BatchNormOutput {
    let [n, _, z, y, x] = input.dims();
    let count = n * z * y * x;
    let result = module::batch_norm_train(input.into_tensor(), weight, bias, epsilon);
    let correction = count as f64 / count.saturating_sub(1).max(1) as f64;
    BatchNormOutput {
        output: FeatureMap::from_tensor(result.output),
        mean: result.mean.detach(),
        unbiased_variance: result.variance.detach().mul_scalar(correction),
    }
}

/// Normalises each channel by given statistics: `(x - mean) / sqrt(variance + epsilon) * weight + bias`,
/// all of shape `[C]`.
pub fn batch_norm_inference(
    input: FeatureMap,
    weight: Tensor<1>,
    bias: Tensor<1>,
    mean: Tensor<1>,
    variance: Tensor<1>,
    epsilon: f64,
) -> FeatureMap {
    let tensor = module::batch_norm(input.into_tensor(), weight, bias, mean, variance, epsilon);
    FeatureMap::from_tensor(tensor)
}

/// Normalises each channel of each sample by its own mean and biased variance over `Z, Y, X`; with
/// `affine`, scales and shifts by the pair of `[C]` tensors.
///
/// The statistics are those of what is passed in, so a tile is normalised differently from the
/// image it was cut from.
pub fn instance_norm(
    input: FeatureMap,
    affine: Option<(Tensor<1>, Tensor<1>)>,
    epsilon: f64,
) -> FeatureMap {
    let dims = input.dims();
    let [n, c, z, y, x] = dims;
    let rows = input.into_tensor().reshape([n * c, z * y * x]);
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
        let one = Tensor::<1>::ones([1], &device);
        let zero = Tensor::<1>::zeros([1], &device);
        let result = batch_norm(map, one, zero, 0.0);
        assert_eq!(result.mean.into_scalar::<f32>(), 3.0);
        let variance = result.unbiased_variance.into_scalar::<f32>();
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
        let normalised = instance_norm(map, None, 0.0).into_tensor().reshape([4]);
        normalised
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-6));
    }
}
