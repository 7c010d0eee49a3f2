//! The multi-scale structural similarity loss.

use burn::tensor::Tensor;

use coverslip_ops::{FeatureMap, Window, average_pool, mean};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, Ssim, Target, ssim::Similarity};

/// Multi-scale structural dissimilarity: `1 - prod_l s_l^w_l` over levels of half the size each, with
/// `s_l` the contrast term and on the last level the whole SSIM, negative ones cut off at 0 (Wang et
/// al. 2003, equation 7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MsSsim {
    /// The exponent of each level, the full size first.
    #[schemars(length(min = 1, max = 8))]
    pub weights: Vec<f64>,
    /// Which of the two widespread programs to follow where they differ.
    pub convention: MsSsimConvention,
    /// Pixels of the window along each axis.
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

/// Where programs for the multi-scale SSIM differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MsSsimConvention {
    /// Each channel has its product, then the mean; an odd size is halved with a border of zeros.
    #[default]
    PytorchMsssim,
    /// The mean over the channels comes before the product; the last pixel of an odd size is dropped.
    Monai,
}

impl Default for MsSsim {
    fn default() -> Self {
        let Ssim {
            window,
            sigma,
            k1,
            k2,
            data_range,
        } = Ssim::default();
        Self {
            weights: vec![0.0448, 0.2856, 0.3001, 0.2363, 0.1333],
            convention: MsSsimConvention::PytorchMsssim,
            window,
            sigma,
            k1,
            k2,
            data_range,
        }
    }
}

impl Loss for MsSsim {
    fn value(&self, mut output: Tensor<5>, target: &Target) -> Tensor<1> {
        let mut target = target.clone();
        let mut product: Option<Tensor<2>> = None;
        for (level, weight) in self.weights.iter().enumerate() {
            let similarity = self.single().similarity(output.clone(), &target);
            let is_last = level + 1 == self.weights.len();
            let term = power(&self.of_images(&similarity, is_last), *weight);
            product = Some(match product {
                Some(product) => product * term,
                None => term,
            });
            if !is_last {
                output = self.halve(output, true);
                target.values = self.halve(target.values, true);
                target.weight = target.weight.map(|weight| self.halve(weight, false));
            }
        }
        let score = product.unwrap_or_else(|| Tensor::zeros([1, 1], &output.device()));
        mean(score).neg().add_scalar(1.0)
    }

    fn least_size(&self) -> usize {
        let halvings = self.weights.len().saturating_sub(1) as u32;
        (self.window - 1) * 2usize.pow(halvings) + 1
    }
}

impl MsSsim {
    fn single(&self) -> Ssim {
        Ssim {
            window: self.window,
            sigma: self.sigma,
            k1: self.k1,
            k2: self.k2,
            data_range: self.data_range,
        }
    }

    /// The similarity of each image, `[N, C]` or `[N, 1]`.
    fn of_images(&self, similarity: &Similarity, is_last: bool) -> Tensor<2> {
        let values = if is_last {
            &similarity.whole
        } else {
            &similarity.contrast
        };
        let channels = similarity.of_channels(values.clone());
        match self.convention {
            MsSsimConvention::PytorchMsssim => channels,
            MsSsimConvention::Monai => channels.mean_dim(1),
        }
    }

    /// Means of two pixels along each axis, with the zeros of a border or without.
    fn halve(&self, images: Tensor<5>, count_border: bool) -> Tensor<5> {
        let [_, _, z, y, x] = images.dims();
        let kernel = [z.min(2), 2, 2];
        let padding = match self.convention {
            MsSsimConvention::PytorchMsssim if z == 1 => [0, y % 2, x % 2],
            MsSsimConvention::PytorchMsssim => [z % 2, y % 2, x % 2],
            MsSsimConvention::Monai => [0; 3],
        };
        let window = Window {
            padding,
            ..Window::tiles(kernel)
        };
        average_pool(FeatureMap::from_tensor(images), window, count_border).into_tensor()
    }
}

/// `max(base, 0)^exponent` with gradient 0, not infinity, where the base is not positive.
fn power(base: &Tensor<2>, exponent: f64) -> Tensor<2> {
    let is_cut = base.clone().lower_equal_elem(0.0);
    let positive = base.clone().mask_fill(is_cut.clone(), 1.0);
    positive.powf_scalar(exponent).mask_fill(is_cut, 0.0)
}
