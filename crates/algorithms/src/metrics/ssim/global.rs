//! Structural similarity of whole images, without a window.

use ndarray::{ArrayView, Dimension};

use super::super::image::{check_data_range, check_pair};
use crate::AlgorithmError;
use crate::sample::Sample;

/// How the stabilising constants follow from the data range L.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GlobalSsim {
    /// `c = (k L)^2`, the standard definition.
    #[default]
    Wang,
    /// `c = k L^2`, as printed in the key-point paper (GU-Net, eq. 5).
    Paper,
}

/// One similarity for the whole image: population moments over all pixels, k = 0.01 and 0.03.
///
/// # Errors
/// [`AlgorithmError::ShapeMismatch`], [`AlgorithmError::Empty`] or [`AlgorithmError::Parameter`].
pub fn global_ssim<P: Sample, T: Sample, D: Dimension>(
    prediction: &ArrayView<'_, P, D>,
    truth: &ArrayView<'_, T, D>,
    data_range: f64,
    k: [f64; 2],
    constants: GlobalSsim,
) -> Result<f64, AlgorithmError> {
    check_pair(prediction.shape(), truth.shape())?;
    check_data_range(data_range)?;
    if truth.is_empty() {
        return Err(AlgorithmError::Empty { what: "the truth" });
    }
    let count = truth.len() as f64;
    let mean_x = prediction.iter().map(|x| x.to_f64()).sum::<f64>() / count;
    let mean_y = truth.iter().map(|y| y.to_f64()).sum::<f64>() / count;
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (&x, &y) in prediction.iter().zip(truth) {
        let (x, y) = (x.to_f64() - mean_x, y.to_f64() - mean_y);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    let [c1, c2] = k.map(|k| match constants {
        GlobalSsim::Wang => (k * data_range).powi(2),
        GlobalSsim::Paper => k * data_range.powi(2),
    });
    let luminance = (2.0 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1);
    Ok(luminance * (2.0 * xy / count + c2) / ((xx + yy) / count + c2))
}
