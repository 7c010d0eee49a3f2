//! Pixel-wise scores of restored or predicted intensities.

use ndarray::{ArrayView, Dimension};
use serde::Serialize;

use crate::AlgorithmError;
use crate::error::same_shape;
use crate::sample::Sample;

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

/// What the scores of a pair are made of: sums over its pixels, or over those of some of its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairSums {
    count: f64,
    mean_prediction: f64,
    mean_truth: f64,
    /// Sums of squared deviations from the means, and of their products.
    deviation_prediction: f64,
    deviation_truth: f64,
    codeviation: f64,
    squares: f64,
    absolutes: f64,
    lowest_truth: f64,
    highest_truth: f64,
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
    PairSums::of(prediction, truth)?.scores(data_range)
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
    let sums = PairSums::of(prediction, truth)?;
    let [gain, offset] = sums.line();
    Ok(LinearFit {
        gain,
        offset,
        mse: fitted_squares(prediction, truth, [gain, offset])? / sums.count,
    })
}

/// The sum of `(gain * prediction + offset - truth)^2` over all pixels.
///
/// # Errors
/// [`AlgorithmError::ShapeMismatch`].
pub fn fitted_squares<P: Sample, T: Sample, D: Dimension>(
    prediction: &ArrayView<'_, P, D>,
    truth: &ArrayView<'_, T, D>,
    [gain, offset]: [f64; 2],
) -> Result<f64, AlgorithmError> {
    check_pair(prediction.shape(), truth.shape())?;
    let squares = prediction.iter().zip(truth).map(|(&p, &t)| {
        let error = gain * p.to_f64() + offset - t.to_f64();
        error * error
    });
    Ok(squares.sum())
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

impl PairSums {
    /// Sums over all pixels of `prediction` and `truth`, arrays of the same shape and any rank, in two
    /// passes: deviations are taken from the means, so that bright flat images lose no digits.
    ///
    /// # Errors
    /// [`AlgorithmError::ShapeMismatch`] or [`AlgorithmError::Empty`].
    pub fn of<P: Sample, T: Sample, D: Dimension>(
        prediction: &ArrayView<'_, P, D>,
        truth: &ArrayView<'_, T, D>,
    ) -> Result<Self, AlgorithmError> {
        check_pair(prediction.shape(), truth.shape())?;
        if truth.is_empty() {
            return Err(AlgorithmError::Empty { what: "the truth" });
        }
        let count = truth.len() as f64;
        let mut sums = Self {
            count,
            mean_prediction: prediction.iter().map(|p| p.to_f64()).sum::<f64>() / count,
            mean_truth: truth.iter().map(|t| t.to_f64()).sum::<f64>() / count,
            deviation_prediction: 0.0,
            deviation_truth: 0.0,
            codeviation: 0.0,
            squares: 0.0,
            absolutes: 0.0,
            lowest_truth: f64::INFINITY,
            highest_truth: f64::NEG_INFINITY,
        };
        for (&p, &t) in prediction.iter().zip(truth) {
            let (p, t) = (p.to_f64(), t.to_f64());
            sums.squares += (p - t) * (p - t);
            sums.absolutes += (p - t).abs();
            sums.lowest_truth = sums.lowest_truth.min(t);
            sums.highest_truth = sums.highest_truth.max(t);
            let (p, t) = (p - sums.mean_prediction, t - sums.mean_truth);
            sums.deviation_prediction += p * p;
            sums.deviation_truth += t * t;
            sums.codeviation += p * t;
        }
        Ok(sums)
    }

    /// The sums over the pixels of two parts together (Chan, Golub and others 1979).
    pub fn joined(&self, other: &Self) -> Self {
        let count = self.count + other.count;
        let [p, t] = [
            other.mean_prediction - self.mean_prediction,
            other.mean_truth - self.mean_truth,
        ];
        let share = other.count / count;
        let between = self.count * share;
        Self {
            count,
            mean_prediction: self.mean_prediction + share * p,
            mean_truth: self.mean_truth + share * t,
            deviation_prediction: self.deviation_prediction
                + other.deviation_prediction
                + between * p * p,
            deviation_truth: self.deviation_truth + other.deviation_truth + between * t * t,
            codeviation: self.codeviation + other.codeviation + between * p * t,
            squares: self.squares + other.squares,
            absolutes: self.absolutes + other.absolutes,
            lowest_truth: self.lowest_truth.min(other.lowest_truth),
            highest_truth: self.highest_truth.max(other.highest_truth),
        }
    }

    /// The number of pixels.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The truth's maximum minus minimum.
    pub fn spread(&self) -> f64 {
        self.highest_truth - self.lowest_truth
    }

    /// The scores; `data_range` as for [`image_scores`].
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a `data_range` that is not above 0.
    pub fn scores(&self, data_range: f64) -> Result<ImageScores, AlgorithmError> {
        check_data_range(data_range)?;
        let mse = self.squares / self.count;
        let spread = self.spread();
        Ok(ImageScores {
            mse,
            rmse: mse.sqrt(),
            mae: self.absolutes / self.count,
            nrmse: if spread > 0.0 {
                mse.sqrt() / spread
            } else {
                f64::NAN
            },
            psnr: psnr(mse, data_range),
            pearson: self.pearson(),
        })
    }

    /// Gain and offset of the least-squares fit of the prediction to the truth, see [`LinearFit`].
    pub fn line(&self) -> [f64; 2] {
        let gain = if self.deviation_prediction == 0.0 {
            0.0
        } else {
            self.codeviation / self.deviation_prediction
        };
        [gain, self.mean_truth - gain * self.mean_prediction]
    }

    fn pearson(&self) -> f64 {
        let product = self.deviation_prediction.sqrt() * self.deviation_truth.sqrt();
        if product == 0.0 {
            f64::NAN
        } else {
            (self.codeviation / product).clamp(-1.0, 1.0)
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
    fn parts_joined_are_the_whole() {
        let truth = Array1::from_shape_fn(1000, |i| 1e6 + ((i * 37) % 101) as f64);
        let prediction = truth.mapv(|t| 0.9 * t + (t as usize % 7) as f64);
        let whole = PairSums::of(&prediction.view(), &truth.view()).unwrap();
        let part = |range: std::ops::Range<usize>| {
            let range = ndarray::s![range];
            PairSums::of(&prediction.slice(range), &truth.slice(range)).unwrap()
        };
        let joined = part(0..10).joined(&part(10..700)).joined(&part(700..1000));
        let [found, expected] = [joined, whole].map(|sums| {
            let scores = sums.scores(100.0).unwrap();
            let [gain, offset] = sums.line();
            [
                scores.mse,
                scores.mae,
                scores.nrmse,
                scores.pearson,
                gain,
                offset,
            ]
        });
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
        }
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
