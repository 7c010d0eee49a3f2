//! The loss of the image that the key points draw.

use burn::tensor::{Device, Tensor, TensorData, activation::sigmoid};
use coverslip_ops::{ConvGeometry, FeatureMap, conv, mean};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Threshold;
use crate::loss::{
    Target,
    reduce::{divide, pixel_sums},
};

/// Pixels of the kernel along Y and X.
const SIZE: usize = 5;

/// How unlike the image is what the key points draw: 1 less the structural similarity, over the whole
/// image as one window, of the image and the points spread by a kernel (GU-Net, equations 4 and 5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Shape {
    /// Which pixels are key points.
    pub threshold: Threshold,
    /// What a point becomes.
    pub kernel: SpreadKernel,
    /// The size of the kernel.
    pub scale: KernelScale,
    /// The constant of the luminance.
    #[schemars(range(min = 0.0))]
    pub k1: f64,
    /// The constant of the contrast.
    #[schemars(range(min = 0.0))]
    pub k2: f64,
}

/// What a key point becomes, on 5 x 5 pixels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpreadKernel {
    /// A Gaussian of standard deviation 1.
    #[default]
    Gaussian,
    /// The same value everywhere.
    Mean,
    /// The image of a point through a round aperture, `(2 J1(r) / r)^2`, whose first dark ring is so many
    /// pixels away.
    Airy {
        /// Pixels from the centre to the first dark ring.
        #[schemars(extend("exclusiveMinimum" = 0))]
        radius: f64,
    },
    /// 25 values, row after row, as they are.
    Values(Vec<f32>),
}

/// The size of a kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KernelScale {
    /// The largest value is 1: single points stay bright.
    #[default]
    Peak,
    /// The values add up to 1.
    Sum,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            threshold: Threshold::default(),
            kernel: SpreadKernel::Gaussian,
            scale: KernelScale::Peak,
            k1: 0.01,
            k2: 0.03,
        }
    }
}

impl Shape {
    /// The loss, the mean over the batch. The constants are `k1` and `k2` themselves, as printed.
    ///
    /// - `scores`: `[N, 1, Z, Y, X]`; each plane is an image
    /// - `image`: intensities 0 to 1, of the same shape
    pub fn value(&self, scores: Tensor<5>, image: &Target) -> Tensor<1> {
        let drawn = planes(self.draw(scores));
        let truth = planes(image.values.clone());
        let weight = match &image.weight {
            Some(weight) => planes(weight.clone()),
            None => truth.ones_like(),
        };
        let images = drawn.dims()[0];
        let pixels = pixel_sums(weight.clone());
        let mean_of =
            |values: Tensor<5>| divide(pixel_sums(values * weight.clone()), pixels.clone());
        let wide = |means: &Tensor<2>| means.clone().reshape([images, 1, 1, 1, 1]);
        let [m, mt] = [mean_of(drawn.clone()), mean_of(truth.clone())];
        let [d, dt] = [drawn - wide(&m), truth - wide(&mt)];
        let variances = mean_of(d.clone().square()) + mean_of(dt.clone().square());
        let covariance = mean_of(d * dt);
        let luminance = (m.clone() * mt.clone()).mul_scalar(2.0).add_scalar(self.k1)
            / (m.square() + mt.square()).add_scalar(self.k1);
        let contrast =
            covariance.mul_scalar(2.0).add_scalar(self.k2) / variances.add_scalar(self.k2);
        mean(luminance * contrast).neg().add_scalar(1.0)
    }

    /// What the key points of scores draw, of the same shape.
    pub fn draw(&self, scores: Tensor<5>) -> Tensor<5> {
        let points = self.threshold.apply(sigmoid(scores));
        let kernel = self.kernel_tensor(&points.device());
        let geometry = ConvGeometry::same([1, SIZE, SIZE]);
        conv(FeatureMap::from_tensor(points), kernel, None, geometry).into_tensor()
    }

    /// `[1, 1, 1, 5, 5]`.
    fn kernel_tensor(&self, device: &Device) -> Tensor<5> {
        let values = self.kernel.values();
        let size = match self.scale {
            KernelScale::Peak => values.iter().copied().fold(0.0, f64::max),
            KernelScale::Sum => values.iter().sum(),
        };
        let size = if matches!(self.kernel, SpreadKernel::Values(_)) {
            1.0
        } else {
            size
        };
        let values: Vec<f32> = values.iter().map(|value| (value / size) as f32).collect();
        Tensor::from_data(TensorData::new(values, [1, 1, 1, SIZE, SIZE]), device)
    }
}

/// The planes of images of one channel, as images.
fn planes(images: Tensor<5>) -> Tensor<5> {
    let [n, _, z, y, x] = images.dims();
    images.reshape([n * z, 1, 1, y, x])
}

impl SpreadKernel {
    fn values(&self) -> Vec<f64> {
        let radial = |value: &dyn Fn(f64) -> f64| {
            let half = (SIZE / 2) as f64;
            let places = (0..SIZE * SIZE).map(|at| (at / SIZE, at % SIZE));
            places
                .map(|(row, column)| value((row as f64 - half).hypot(column as f64 - half)))
                .collect()
        };
        match self {
            Self::Gaussian => radial(&|r| (-r * r / 2.0).exp()),
            Self::Mean => radial(&|_| 1.0),
            Self::Airy { radius } => radial(&|r| airy(r * FIRST_ZERO / radius)),
            Self::Values(values) => values.iter().map(|value| f64::from(*value)).collect(),
        }
    }
}

/// The first zero of the Bessel function J1.
const FIRST_ZERO: f64 = 3.831_705_970_207_512;

/// `(2 J1(r) / r)^2`.
fn airy(r: f64) -> f64 {
    if r < 1e-9 {
        return 1.0;
    }
    let ratio = 2.0 * bessel_j1(r) / r;
    ratio * ratio
}

/// The Bessel function J1 by its integral, `1/pi int_0^pi cos(t - r sin t) dt`: the trapezoidal rule is
/// exact to rounding for a smooth periodic function.
fn bessel_j1(r: f64) -> f64 {
    const STEPS: usize = 64;
    let turn = |step: usize| {
        let angle = std::f64::consts::TAU * step as f64 / STEPS as f64;
        (angle - r * angle.sin()).cos()
    };
    (0..STEPS).map(turn).sum::<f64>() / STEPS as f64
}
