//! Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004).

mod global;
mod window;

use ndarray::{ArrayD, ArrayView, Axis, Dimension, Zip, concatenate};
use rayon::prelude::*;

use super::image::{check_data_range, check_pair};
use crate::AlgorithmError;
use crate::sample::Sample;
pub use global::{GlobalSsim, global_ssim};
pub use window::SsimWindow;

/// Pixels that one piece of work covers; fixed, so that the order of sums does not depend on the
/// number of threads.
const SLAB_PIXELS: usize = 1 << 18;

/// Settings of the structural similarity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ssim {
    /// The window around each pixel.
    pub window: SsimWindow,
    /// Distance between the lowest and highest possible intensity, in the images' units.
    pub data_range: f64,
    /// Whether variances divide by the number of pixels in the window less one.
    pub sample_covariance: bool,
    /// Constants that keep the ratio finite in dark and flat regions.
    pub k: [f64; 2],
}

impl Ssim {
    /// Uniform window of 7 pixels a side and sample covariance: what scikit-image computes by
    /// default.
    pub fn uniform(data_range: f64) -> Self {
        let window = SsimWindow::Uniform { size: 7 };
        Self {
            window,
            data_range,
            sample_covariance: true,
            k: [0.01, 0.03],
        }
    }

    /// The original paper's Gaussian window (standard deviation 1.5, 11 pixels a side) and
    /// population covariance.
    pub fn gaussian(data_range: f64) -> Self {
        let window = SsimWindow::Gaussian { sigma: 1.5 };
        Self {
            window,
            data_range,
            sample_covariance: false,
            k: [0.01, 0.03],
        }
    }

    /// Mean similarity of images of the same shape, over the pixels whose window lies inside.
    ///
    /// All axes are spatial: `Y X` uses a square window, `Z Y X` a cube. For several channels
    /// average over the channels. Images are symmetric beyond their border where the map needs
    /// them.
    ///
    /// # Errors
    /// [`AlgorithmError::ShapeMismatch`], [`AlgorithmError::WindowTooLarge`] if the window does
    /// not fit, [`AlgorithmError::Parameter`] for settings outside their ranges.
    pub fn mean<P: Sample, T: Sample, D: Dimension>(
        &self,
        prediction: &ArrayView<'_, P, D>,
        truth: &ArrayView<'_, T, D>,
    ) -> Result<f64, AlgorithmError> {
        let weights = self.check(prediction.shape(), truth.shape())?;
        let radius = weights.len() / 2;
        let length = truth.shape()[0];
        // Only pixels whose window lies inside count, so nothing is continued beyond the border.
        let slabs = slabs(truth.shape(), radius..length - radius);
        let sums: Vec<(f64, usize)> = slabs
            .into_par_iter()
            .map(|slab| {
                let rows = slab.start - radius..slab.end + radius;
                let x = window::part(prediction, rows.clone());
                let map = self.similarity(x, window::part(truth, rows), &weights);
                (map.iter().sum::<f64>(), map.len())
            })
            .collect();
        let (sum, count) = sums
            .iter()
            .fold((0.0, 0), |(s, n), (sum, count)| (s + sum, n + count));
        Ok(sum / count as f64)
    }

    /// Similarity at every pixel, border included.
    ///
    /// # Errors
    /// As [`Ssim::mean`].
    pub fn map<P: Sample, T: Sample, D: Dimension>(
        &self,
        prediction: &ArrayView<'_, P, D>,
        truth: &ArrayView<'_, T, D>,
    ) -> Result<ArrayD<f64>, AlgorithmError> {
        let weights = self.check(prediction.shape(), truth.shape())?;
        let slabs = slabs(truth.shape(), 0..truth.shape()[0]);
        let maps: Vec<ArrayD<f64>> = slabs
            .into_par_iter()
            .map(|slab| {
                let x = window::gather(prediction, &slab, weights.len() / 2);
                let y = window::gather(truth, &slab, weights.len() / 2);
                self.similarity(x, y, &weights)
            })
            .collect();
        let views: Vec<_> = maps.iter().map(|map| map.view()).collect();
        concatenate(Axis(0), &views).map_err(|_| AlgorithmError::Empty {
            what: "the list of slabs",
        })
    }

    /// The map over the pixels whose window lies inside.
    fn similarity(&self, x: ArrayD<f64>, y: ArrayD<f64>, weights: &[f64]) -> ArrayD<f64> {
        let axes = x.ndim();
        let mean = |values| window::local_mean(values, weights);
        let (xx, yy, xy) = (mean(&x * &x), mean(&y * &y), mean(&x * &y));
        let (mut map, mean_y) = (mean(x), mean(y));
        let count = (weights.len() as f64).powi(axes as i32);
        let unbias = if self.sample_covariance {
            count / (count - 1.0)
        } else {
            1.0
        };
        let [c1, c2] = self.k.map(|k| (k * self.data_range).powi(2));
        Zip::from(&mut map)
            .and(&mean_y)
            .and(&xx)
            .and(&yy)
            .and(&xy)
            .for_each(|mean_x, &mean_y, &xx, &yy, &xy| {
                let product = *mean_x * mean_y;
                let squares = *mean_x * *mean_x + mean_y * mean_y;
                let covariance = unbias * (xy - product);
                let variances = unbias * (xx + yy - squares);
                *mean_x = (2.0 * product + c1) * (2.0 * covariance + c2)
                    / ((squares + c1) * (variances + c2));
            });
        map
    }

    fn check(&self, prediction: &[usize], truth: &[usize]) -> Result<Vec<f64>, AlgorithmError> {
        check_pair(prediction, truth)?;
        check_data_range(self.data_range)?;
        if truth.is_empty() {
            let expected = "at least 1";
            return Err(AlgorithmError::Rank {
                what: "the truth",
                got: 0,
                expected,
            });
        }
        let weights = self.window.weights()?;
        if truth.iter().any(|&length| length < weights.len()) {
            let (window, shape) = (weights.len(), truth.to_vec());
            return Err(AlgorithmError::WindowTooLarge { window, shape });
        }
        Ok(weights)
    }
}

/// Cuts a range of the first axis into pieces of about [`SLAB_PIXELS`] pixels.
fn slabs(shape: &[usize], range: std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
    let plane: usize = shape[1..].iter().product();
    let depth = (SLAB_PIXELS / plane.max(1)).max(1);
    let end = range.end;
    range
        .step_by(depth)
        .map(|start| start..(start + depth).min(end))
        .collect()
}

#[cfg(test)]
mod tests;
