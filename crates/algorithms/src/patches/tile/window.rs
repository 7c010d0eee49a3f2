//! How much each pixel of a tile counts.

use ndarray::{ArrayD, IxDyn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;

/// The weight of a pixel by its place in the tile: a product over the axes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// All pixels count the same.
    Constant,
    /// `exp(-x^2 / (2 s^2))` with `s = sigma_scale * n` and x from the tile's centre, at least
    /// max(smallest weight, 0.001); as MONAI.
    Gaussian {
        /// Standard deviation as a fraction of the tile's side; usually 0.125.
        sigma_scale: f64,
    },
    /// A Gaussian around pixel `n / 2`, cut off at 4 standard deviations, the largest weight
    /// being 1 and weights of 0 raised to the smallest positive one; as nnU-Net.
    GaussianNnunet {
        /// Standard deviation as a fraction of the tile's side; usually 0.125.
        sigma_scale: f64,
    },
    /// `(1 - cos(2 pi (i + 1/2) / n)) / 2`: never 0, and tiles overlapping by half sum to 1
    /// (Pielawski and Wählby, 2020, in the midpoint form).
    Hann,
    /// `(1 - cos(2 pi i / (n - 1))) / 2`: the form with zeros at both ends, which leaves the
    /// image's border without weight; for comparisons.
    HannSymmetric,
}

impl Default for Window {
    fn default() -> Self {
        Self::Gaussian { sigma_scale: 0.125 }
    }
}

impl Window {
    /// Weights for a tile of the given shape.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a `sigma_scale` that is not above 0.
    pub fn weights(&self, shape: &[usize]) -> Result<ArrayD<f64>, AlgorithmError> {
        self.check()?;
        let axes: Vec<Vec<f64>> = shape
            .iter()
            .map(|&length| self.along_axis(length))
            .collect();
        let mut weights = ArrayD::from_shape_fn(IxDyn(shape), |index| {
            axes.iter()
                .enumerate()
                .map(|(axis, weights)| weights[index[axis]])
                .product()
        });
        match self {
            Self::Gaussian { .. } => {
                let floor = weights
                    .iter()
                    .copied()
                    .fold(f64::INFINITY, f64::min)
                    .max(1e-3);
                weights.mapv_inplace(|weight| weight.max(floor));
            }
            Self::GaussianNnunet { .. } => raise_zeros(&mut weights),
            Self::Constant | Self::Hann | Self::HannSymmetric => {}
        }
        Ok(weights)
    }

    fn check(&self) -> Result<(), AlgorithmError> {
        match *self {
            Self::Gaussian { sigma_scale } | Self::GaussianNnunet { sigma_scale }
                if !(sigma_scale.is_finite() && sigma_scale > 0.0) =>
            {
                Err(AlgorithmError::parameter(
                    "sigma_scale",
                    sigma_scale,
                    "a number above 0",
                ))
            }
            _ => Ok(()),
        }
    }

    fn along_axis(&self, length: usize) -> Vec<f64> {
        let n = length as f64;
        let weight = |index: usize| {
            let i = index as f64;
            match *self {
                Self::Constant => 1.0,
                Self::Gaussian { sigma_scale } => gaussian(i - (n - 1.0) / 2.0, sigma_scale * n),
                Self::GaussianNnunet { sigma_scale } => {
                    let (x, sigma) = (i - (length / 2) as f64, sigma_scale * n);
                    let radius = (4.0 * sigma + 0.5).floor();
                    if x.abs() <= radius {
                        gaussian(x, sigma)
                    } else {
                        0.0
                    }
                }
                Self::Hann => hann(i + 0.5, n),
                Self::HannSymmetric => hann(i, n - 1.0),
            }
        };
        match self {
            Self::Hann | Self::HannSymmetric if length <= 1 => vec![1.0; length],
            _ => (0..length).map(weight).collect(),
        }
    }
}

/// Midpoint Hann windows of `count` tiles of `length` pixels that overlap by half, flat from the
/// first tile's centre to the image's start and from the last tile's centre to its end: their sum
/// is 1 at every pixel, so that no division is needed.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for an odd length, which has no half.
pub fn partition_windows(length: usize, count: usize) -> Result<Vec<Vec<f64>>, AlgorithmError> {
    if length % 2 == 1 {
        return Err(AlgorithmError::parameter(
            "the tile's side",
            length,
            "an even number",
        ));
    }
    let mut windows = vec![Window::Hann.along_axis(length); count];
    if let Some(first) = windows.first_mut() {
        first[..length / 2].fill(1.0);
    }
    if let Some(last) = windows.last_mut() {
        last[length / 2..].fill(1.0);
    }
    Ok(windows)
}

fn gaussian(x: f64, sigma: f64) -> f64 {
    (-x * x / (2.0 * sigma * sigma)).exp()
}

fn hann(x: f64, period: f64) -> f64 {
    (1.0 - (std::f64::consts::TAU * x / period).cos()) / 2.0
}

fn raise_zeros(weights: &mut ArrayD<f64>) {
    let positive = weights.iter().copied().filter(|&weight| weight > 0.0);
    let smallest = positive.fold(f64::INFINITY, f64::min);
    weights.mapv_inplace(|weight| if weight == 0.0 { smallest } else { weight });
}
