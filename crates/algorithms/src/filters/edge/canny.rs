//! Canny's edges in floating point, as scikit-image computes them.

use ndarray::{Array2, ArrayView2, Zip, arr2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hysteresis::{Candidate, follow};
use crate::AlgorithmError;
use crate::exposure::normalize::percentiles;
use crate::filters::linear::{Convolution, Gaussian};
use crate::sample::Sample;
use crate::transform::pad::Border;

/// scikit-image's `canny`: smoothing, Sobel gradients, and maxima along the gradient by linear
/// interpolation.
///
/// Integer images are divided by their type's greatest value first, and so are thresholds given
/// for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Canny {
    /// Standard deviation of the smoothing in pixels.
    #[schemars(range(min = 0.0))]
    pub sigma: f64,
    /// Gradients from this on continue an edge; 0.1 of the range without it.
    pub low: Option<f64>,
    /// Gradients from this on start one; 0.2 of the range without it.
    pub high: Option<f64>,
    /// Whether thresholds are shares (0 to 1) of the pixels with a smaller gradient.
    pub quantiles: bool,
}

impl Default for Canny {
    fn default() -> Self {
        Self {
            sigma: 1.0,
            low: None,
            high: None,
            quantiles: false,
        }
    }
}

impl Canny {
    /// A mask of the edges.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for settings outside their ranges, or a lower threshold above
    /// the upper; [`AlgorithmError::NoFiniteSamples`] for quantiles of an image without any.
    pub fn apply<S: Sample>(
        &self,
        image: &ArrayView2<'_, S>,
    ) -> Result<Array2<bool>, AlgorithmError> {
        let greatest = S::INTEGER_MAX.unwrap_or(1.0);
        let [low, high] = self.thresholds(greatest)?;
        if image.is_empty() {
            return Ok(Array2::from_elem(image.raw_dim(), false));
        }
        let smoothed = self.smoothed(&image.mapv(|value| value.to_f64() / greatest))?;
        let [dy, dx] = gradients(&smoothed)?;
        let mut size = Array2::zeros(image.raw_dim());
        Zip::from(&mut size)
            .and(&dy)
            .and(&dx)
            .par_for_each(|size, &dy, &dx| *size = (dy * dy + dx * dx).sqrt());
        let [low, high] = if self.quantiles {
            percentiles(&size.view().into_dyn(), [100.0 * low, 100.0 * high])?
        } else {
            [low, high]
        };
        let (height, width) = image.dim();
        // Pixels on the image's edge are no candidates, which makes them the frame.
        let mut candidates = Array2::from_elem(image.raw_dim(), Candidate::None);
        Zip::indexed(&mut candidates).par_for_each(|(y, x), candidate| {
            let here = size[[y, x]];
            if here < low || here <= 0.0 || y == 0 || x == 0 || y + 1 >= height || x + 1 >= width {
                return;
            }
            if is_maximum(&size, [y, x], [dy[[y, x]], dx[[y, x]]]) {
                *candidate = if here >= high {
                    Candidate::Strong
                } else {
                    Candidate::Weak
                };
            }
        });
        if let Some(candidates) = candidates.as_slice_mut() {
            follow(candidates, width);
        }
        Ok(candidates.mapv(|candidate| candidate == Candidate::Strong))
    }

    fn thresholds(&self, greatest: f64) -> Result<[f64; 2], AlgorithmError> {
        let scale = if self.quantiles { 1.0 } else { greatest };
        let low = self.low.map_or(0.1, |low| low / scale);
        let high = self.high.map_or(0.2, |high| high / scale);
        for (name, value) in [("low", low), ("high", high)] {
            if value.is_nan() || (self.quantiles && !(0.0..=1.0).contains(&value)) {
                let expected = "a number, from 0 to 1 for quantiles";
                return Err(AlgorithmError::parameter(name, value, expected));
            }
        }
        if high < low {
            let expected = format!("at most the upper threshold {high}");
            return Err(AlgorithmError::parameter("low", low, expected));
        }
        Ok([low, high])
    }

    /// Smoothed as if only the image's own pixels existed.
    fn smoothed(&self, image: &Array2<f64>) -> Result<Array2<f64>, AlgorithmError> {
        let gaussian = Gaussian {
            sigma: vec![self.sigma],
            truncate: 4.0,
            border: Border::Constant(0.0),
        };
        let mut smoothed = gaussian.apply(&image.view())?;
        let share = gaussian.apply(&Array2::<f64>::ones(image.raw_dim()).view())?;
        smoothed.zip_mut_with(&share, |value, &share| *value /= share + f64::EPSILON);
        Ok(smoothed)
    }
}

/// Sobel gradients along Y and X.
fn gradients(image: &Array2<f64>) -> Result<[Array2<f64>; 2], AlgorithmError> {
    let sobel = Convolution {
        border: Border::Symmetric,
        correlate: true,
    };
    let down = arr2(&[[-1.0, -2.0, -1.0], [0.0; 3], [1.0, 2.0, 1.0]]);
    Ok([
        sobel.apply(&image.view(), &down.view())?,
        sobel.apply(&image.view(), &down.t())?,
    ])
}

/// Whether neither neighbour along the gradient is greater, each interpolated between a direct and
/// a diagonal one.
fn is_maximum(size: &Array2<f64>, [y, x]: [usize; 2], [dy, dx]: [f64; 2]) -> bool {
    let (steep, flat) = (dy.abs(), dx.abs());
    if steep == 0.0 && flat == 0.0 {
        return false;
    }
    let share = steep.min(flat) / steep.max(flat);
    // Offsets of one pixel, kept positive: 0 is before, 2 after.
    let same_sign = (dy >= 0.0) == (dx >= 0.0) || dy == 0.0 || dx == 0.0;
    let (down, right) = (2, if same_sign { 2 } else { 0 });
    let at = |dy: usize, dx: usize| size[[y + dy - 1, x + dx - 1]];
    let direct = if steep >= flat {
        [at(down, 1), at(0, 1)]
    } else {
        [at(1, right), at(1, 2 - right)]
    };
    let diagonal = [at(down, right), at(0, 2 - right)];
    let here = size[[y, x]];
    (0..2).all(|side| here >= (1.0 - share) * direct[side] + share * diagonal[side])
}
