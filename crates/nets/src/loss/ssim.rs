//! The structural similarity loss.

use burn::tensor::{Device, Tensor, TensorData};
use coverslip_ops::{ConvGeometry, FeatureMap, conv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Loss, Target,
    reduce::{divide, pixel_sums, weighted_mean},
};

/// Structural dissimilarity `1 - SSIM`, the mean over all windows of a Gaussian that lie within the
/// image, for each channel (Wang et al. 2004, equation 13).
///
/// Of 2D images windows have two axes, of 3D images three. Pixels of weight 0 are filled with the target's
/// mean in both images, and a window counts by the weights of its pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ssim {
    /// Pixels of the window along each axis; patches may not be smaller.
    #[schemars(range(min = 1, max = 101))]
    pub window: usize,
    /// Standard deviation of the Gaussian in pixels.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub sigma: f64,
    /// The constant of the luminance, as a share of the data range.
    #[schemars(range(min = 0.0))]
    pub k1: f64,
    /// The constant of the contrast, as a share of the data range.
    #[schemars(range(min = 0.0))]
    pub k2: f64,
    /// Largest less smallest value of the images: 1 for `[0, 1]`, 2 for `[-1, 1]`.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub data_range: f64,
}

impl Default for Ssim {
    fn default() -> Self {
        Self {
            window: 11,
            sigma: 1.5,
            k1: 0.01,
            k2: 0.03,
            data_range: 1.0,
        }
    }
}

impl Loss for Ssim {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let similarity = self.similarity(output, target);
        weighted_mean(similarity.whole, similarity.weight.as_ref())
            .neg()
            .add_scalar(1.0)
    }

    fn least_size(&self) -> usize {
        self.window
    }
}

/// The similarity of each window.
pub(super) struct Similarity {
    /// `[N, C, Z', Y', X']`.
    pub(super) whole: Tensor<5>,
    /// Its factor of contrast and structure.
    pub(super) contrast: Tensor<5>,
    /// What each window counts, `[N, 1, Z', Y', X']`.
    pub(super) weight: Option<Tensor<5>>,
}

impl Similarity {
    /// The mean over the windows of each image and channel, `[N, C]`.
    pub(super) fn of_channels(&self, values: Tensor<5>) -> Tensor<2> {
        let [_, _, z, y, x] = values.dims();
        match &self.weight {
            None => pixel_sums(values).div_scalar((z * y * x) as f64),
            Some(weight) => {
                let part = pixel_sums(values * weight.clone());
                let whole = pixel_sums(weight.clone()).expand(part.shape());
                divide(part, whole)
            }
        }
    }
}

/// Both images with the target's mean where the weight is 0.
fn fill_excluded(
    output: Tensor<5>,
    truth: Tensor<5>,
    weight: &Tensor<5>,
) -> (Tensor<5>, Tensor<5>) {
    let [n, c, ..] = truth.dims();
    let whole = pixel_sums(weight.clone()).expand([n, c]);
    let mean = divide(pixel_sums(truth.clone() * weight.clone()), whole);
    let mean = mean.reshape([n, c, 1, 1, 1]).expand(truth.shape());
    let is_out = weight.clone().equal_scalar(0.0).expand(truth.shape());
    (
        output.mask_where(is_out.clone(), mean.clone()),
        truth.mask_where(is_out, mean),
    )
}

impl Ssim {
    pub(super) fn similarity(&self, output: Tensor<5>, target: &Target) -> Similarity {
        let (output, truth) = match &target.weight {
            None => (output, target.values.clone()),
            Some(weight) => fill_excluded(output, target.values.clone(), weight),
        };
        let images = output.dims()[0];
        let blurred = self.blur(Tensor::cat(
            vec![
                output.clone(),
                truth.clone(),
                output.clone().square(),
                truth.clone().square(),
                output * truth,
            ],
            0,
        ));
        let part = |index: usize| blurred.clone().narrow(0, index * images, images);
        let [mean, truth_mean] = [part(0), part(1)];
        let variances = part(2) - mean.clone().square() + part(3) - truth_mean.clone().square();
        let covariance = part(4) - mean.clone() * truth_mean.clone();
        let c1 = (self.k1 * self.data_range).powi(2);
        let c2 = (self.k2 * self.data_range).powi(2);
        let contrast = covariance.mul_scalar(2.0).add_scalar(c2) / variances.add_scalar(c2);
        let luminance = (mean.clone() * truth_mean.clone())
            .mul_scalar(2.0)
            .add_scalar(c1)
            / (mean.square() + truth_mean.square()).add_scalar(c1);
        Similarity {
            whole: luminance * contrast.clone(),
            contrast,
            weight: target.weight.clone().map(|weight| self.blur(weight)),
        }
    }

    /// The weighted mean of each window that lies within the image.
    fn blur(&self, images: Tensor<5>) -> Tensor<5> {
        let [n, c, z, y, x] = images.dims();
        let axes = if z == 1 { 1..3 } else { 0..3 };
        let mut map = FeatureMap::from_tensor(images.reshape([n * c, 1, z, y, x]));
        for axis in axes {
            let mut shape = [1; 5];
            shape[axis + 2] = self.window;
            let kernel = self.gaussian(&map.device()).reshape(shape);
            map = conv(map, kernel, None, ConvGeometry::UNIT);
        }
        let [_, _, z, y, x] = map.dims();
        map.into_tensor().reshape([n, c, z, y, x])
    }

    /// A Gaussian whose values add up to 1.
    fn gaussian(&self, device: &Device) -> Tensor<1> {
        let centre = (self.window - 1) as f64 / 2.0;
        let value = |at: usize| (-((at as f64 - centre) / self.sigma).powi(2) / 2.0).exp();
        let values: Vec<f64> = (0..self.window).map(value).collect();
        let total: f64 = values.iter().sum();
        let values: Vec<f32> = values.iter().map(|value| (value / total) as f32).collect();
        Tensor::from_data(TensorData::new(values, [self.window]), device)
    }
}
