//! Pixel-wise scores of restored or predicted intensities.

use ndarray::{ArrayView, Dimension};
use serde::Serialize;

use crate::algorithm_error::same_shape;
use crate::{AlgorithmError, Sample};

/// Errors and correlation over all pixels.
///
/// A NaN in either image makes every score NaN.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ImageScores {
    /// Mean squared error, in squared intensity units of the truth.
    pub mse: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// RMSE divided by the truth's maximum minus minimum; NaN for a constant truth.
    pub nrmse: f64,
    /// Peak signal-to-noise ratio in dB, `10 log10(range^2 / mse)`; infinite for equal images.
    pub psnr: f64,
    /// Pearson correlation; NaN if either image is constant.
    pub pearson: f64,
}

/// The linear map `gain * prediction + offset` that comes closest to the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LinearFit {
    /// Factor on the prediction; 0 for a constant prediction.
    pub gain: f64,
    /// Added after it.
    pub offset: f64,
    /// Mean squared error that remains.
    pub mse: f64,
}

/// First and second moments of a pair of images, by two passes.
struct Moments {
    count: f64,
    mean_prediction: f64,
    mean_truth: f64,
    variance_prediction: f64,
    variance_truth: f64,
    covariance: f64,
}

/// Scores `prediction` against `truth`, arrays of the same shape and any rank.
///
/// `data_range` is the distance between the lowest and highest possible intensity, in the truth's
/// units: 255 for 8-bit images, 2 for images normalised to [-1, 1]. It is never inferred from the
/// prediction.
///
/// # Errors
/// [`AlgorithmError::ShapeMismatch`], [`AlgorithmError::Empty`], or
/// [`AlgorithmError::Parameter`] for a `data_range` that is not above 0.
pub fn image_scores<P: Sample, T: Sample, D: Dimension>(
    prediction: &ArrayView<'_, P, D>,
    truth: &ArrayView<'_, T, D>,
    data_range: f64,
) -> Result<ImageScores, AlgorithmError> {
    check_data_range(data_range)?;
    let moments = moments(prediction, truth)?;
    let (mut squares, mut absolutes) = (0.0, 0.0);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (&p, &t) in prediction.iter().zip(truth) {
        let (p, t) = (p.to_f64(), t.to_f64());
        squares += (p - t) * (p - t);
        absolutes += (p - t).abs();
        (low, high) = (low.min(t), high.max(t));
    }
    let mse = squares / moments.count;
    let spread = high - low;
    Ok(ImageScores {
        mse,
        rmse: mse.sqrt(),
        mae: absolutes / moments.count,
        nrmse: if spread > 0.0 {
            mse.sqrt() / spread
        } else {
            f64::NAN
        },
        psnr: psnr(mse, data_range),
        pearson: moments.pearson(),
    })
}

/// Peak signal-to-noise ratio in dB for a mean squared error.
pub fn psnr(mse: f64, data_range: f64) -> f64 {
    10.0 * (data_range * data_range / mse).log10()
}

/// Least-squares fit of `gain * prediction + offset` to the truth: what remains of a restoration's
/// error once brightness and contrast, which a camera sets arbitrarily, are taken out.
///
/// # Errors
/// [`AlgorithmError::ShapeMismatch`] or [`AlgorithmError::Empty`].
pub fn linear_fit<P: Sample, T: Sample, D: Dimension>(
    prediction: &ArrayView<'_, P, D>,
    truth: &ArrayView<'_, T, D>,
) -> Result<LinearFit, AlgorithmError> {
    let moments = moments(prediction, truth)?;
    let constant = moments.variance_prediction == 0.0;
    let gain = if constant {
        0.0
    } else {
        moments.covariance / moments.variance_prediction
    };
    let offset = moments.mean_truth - gain * moments.mean_prediction;
    let squares = prediction.iter().zip(truth).map(|(&p, &t)| {
        let error = gain * p.to_f64() + offset - t.to_f64();
        error * error
    });
    Ok(LinearFit {
        gain,
        offset,
        mse: squares.sum::<f64>() / moments.count,
    })
}

pub(super) fn check_data_range(data_range: f64) -> Result<(), AlgorithmError> {
    if data_range.is_finite() && data_range > 0.0 {
        return Ok(());
    }
    Err(AlgorithmError::parameter(
        "data_range",
        data_range,
        "a finite number above 0",
    ))
}

pub(super) fn check_pair(prediction: &[usize], truth: &[usize]) -> Result<(), AlgorithmError> {
    same_shape(("the prediction", prediction), ("the truth", truth))
}

fn moments<P: Sample, T: Sample, D: Dimension>(
    prediction: &ArrayView<'_, P, D>,
    truth: &ArrayView<'_, T, D>,
) -> Result<Moments, AlgorithmError> {
    check_pair(prediction.shape(), truth.shape())?;
    if truth.is_empty() {
        return Err(AlgorithmError::Empty { what: "the truth" });
    }
    let count = truth.len() as f64;
    let mean_prediction = prediction.iter().map(|p| p.to_f64()).sum::<f64>() / count;
    let mean_truth = truth.iter().map(|t| t.to_f64()).sum::<f64>() / count;
    let (mut pp, mut tt, mut pt) = (0.0, 0.0, 0.0);
    for (&p, &t) in prediction.iter().zip(truth) {
        let (p, t) = (p.to_f64() - mean_prediction, t.to_f64() - mean_truth);
        pp += p * p;
        tt += t * t;
        pt += p * t;
    }
    Ok(Moments {
        count,
        mean_prediction,
        mean_truth,
        variance_prediction: pp / count,
        variance_truth: tt / count,
        covariance: pt / count,
    })
}

impl Moments {
    fn pearson(&self) -> f64 {
        let product = self.variance_prediction.sqrt() * self.variance_truth.sqrt();
        if product == 0.0 {
            f64::NAN
        } else {
            (self.covariance / product).clamp(-1.0, 1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, arr1};

    use super::*;

    #[test]
    fn unsigned_differences_do_not_wrap() {
        let scores = image_scores(&arr1(&[250_u8]).view(), &arr1(&[251_u8]).view(), 255.0).unwrap();
        assert_eq!((scores.mse, scores.mae), (1.0, 1.0));
    }

    #[test]
    fn a_linear_distortion_is_fitted_away() {
        let truth = arr1(&[1.0_f32, 4.0, 2.0, 8.0]);
        let prediction = truth.mapv(|t| 3.0 * t - 2.0);
        let fit = linear_fit(&prediction.view(), &truth.view()).unwrap();
        assert!((fit.gain - 1.0 / 3.0).abs() < 1e-12 && (fit.offset - 2.0 / 3.0).abs() < 1e-12);
        assert!(fit.mse < 1e-24);
        let constant = Array1::<f32>::zeros(4);
        let fit = linear_fit(&constant.view(), &truth.view()).unwrap();
        assert_eq!((fit.gain, fit.offset), (0.0, 3.75));
    }

    #[test]
    fn one_pixel_and_not_a_number_have_documented_scores() {
        let one = image_scores(&arr1(&[2.0_f32]).view(), &arr1(&[2.0_f32]).view(), 1.0).unwrap();
        assert!(one.psnr.is_infinite() && one.pearson.is_nan() && one.nrmse.is_nan());
        let bad = arr1(&[f32::NAN, 1.0]);
        let scores = image_scores(&bad.view(), &arr1(&[0.0_f32, 1.0]).view(), 1.0).unwrap();
        assert!(scores.mse.is_nan() && scores.psnr.is_nan() && scores.pearson.is_nan());
    }

    #[test]
    fn faults_are_errors() {
        let (two, three) = (Array1::<u8>::zeros(2), Array1::<u8>::zeros(3));
        assert_eq!(
            image_scores(&two.view(), &three.view(), 255.0)
                .unwrap_err()
                .to_string(),
            "the prediction has shape [2] but the truth has shape [3]"
        );
        let empty = Array1::<u8>::zeros(0);
        assert!(image_scores(&empty.view(), &empty.view(), 255.0).is_err());
        for range in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(image_scores(&two.view(), &two.view(), range).is_err());
        }
    }
}
