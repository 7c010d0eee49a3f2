//! The heteroscedastic Gaussian loss.

use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, Target};

/// Gaussian likelihood with a variance for each pixel: the mean of
/// `exp(-s) (m - t)^2 / 2 + s / 2` (Kendall and Gal 2017, as in `pytorch_fnet`).
///
/// The output has twice the channels of the target: predictions `m`, then logarithms of variances `s`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Heteroscedastic {}

impl Loss for Heteroscedastic {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let channels = output.dims()[1] / 2;
        let mean = output.clone().narrow(1, 0, channels);
        let log_variance = output.narrow(1, channels, channels);
        let squared = (mean - target.values.clone()).square();
        let values = (log_variance.clone().neg().exp() * squared + log_variance).mul_scalar(0.5);
        target.mean(values)
    }

    fn output_channels(&self, channels: usize) -> usize {
        2 * channels
    }
}
