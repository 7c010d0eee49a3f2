//! A threshold that follows the local mean.

use ndarray::{Array2, ArrayView2, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::filters::linear::{BlurPixel, GaussianBlur};
use crate::sample::Sample;
use crate::transform::pad::Border;

/// OpenCV's `adaptiveThreshold` with a Gaussian window: a pixel of an 8-bit image is set where it
/// exceeds the weighted mean of its neighbourhood less an offset.
///
/// The mean is rounded to an integer and edge pixels are repeated beyond the image. Comparisons
/// are those of integers: set where `x - mean > -ceil(offset)`, or for the inverse where
/// `x - mean <= -floor(offset)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdaptiveThreshold {
    /// Side of the window in pixels, odd and at least 3.
    #[schemars(range(min = 3))]
    pub block: usize,
    /// How far below the local mean, in grey levels, a pixel may be and still count as bright.
    pub offset: f64,
    /// Whether dark pixels are set instead of bright ones.
    pub inverse: bool,
    /// The value of set pixels.
    pub max_value: u8,
}

impl Default for AdaptiveThreshold {
    fn default() -> Self {
        Self {
            block: 11,
            offset: 7.0,
            inverse: false,
            max_value: 255,
        }
    }
}

impl AdaptiveThreshold {
    /// `max_value` where the pixel passes, 0 elsewhere.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for an even block, one below 3, or an offset that is no
    /// finite number.
    pub fn apply(&self, image: &ArrayView2<'_, u8>) -> Result<Array2<u8>, AlgorithmError> {
        if self.block < 3 {
            let expected = "an odd number of at least 3";
            return Err(AlgorithmError::parameter("block", self.block, expected));
        }
        if !self.offset.is_finite() {
            let expected = "a finite number";
            return Err(AlgorithmError::parameter("offset", self.offset, expected));
        }
        let blur = GaussianBlur {
            size: Some(self.block),
            sigma: 0.0,
            border: Border::Replicate,
        };
        let mean = blur.apply(&image.mapv(InFloat).view())?;
        // Beyond 256 grey levels every offset decides alike.
        let rounded = if self.inverse {
            self.offset.floor()
        } else {
            self.offset.ceil()
        };
        let least = -rounded.clamp(-1000.0, 1000.0) as i16;
        let mut passed = Array2::zeros(image.raw_dim());
        Zip::from(&mut passed)
            .and(image)
            .and(&mean)
            .par_for_each(|out, &pixel, &mean| {
                let above = i16::from(pixel) - i16::from(mean.0) > least;
                *out = if above == self.inverse {
                    0
                } else {
                    self.max_value
                };
            });
        Ok(passed)
    }

    /// How far the result depends on the image, in pixels.
    pub fn halo(&self) -> usize {
        self.block / 2
    }
}

/// An 8-bit pixel whose weighted mean is computed in `f32` and then rounded.
#[derive(Clone, Copy, Default, PartialEq)]
struct InFloat(u8);

impl Sample for InFloat {
    const INTEGER_MAX: Option<f64> = <u8 as Sample>::INTEGER_MAX;
    const LEAST: f64 = <u8 as Sample>::LEAST;
    fn to_f64(self) -> f64 {
        self.0.to_f64()
    }
    fn rank(self) -> usize {
        self.0.rank()
    }
}

impl BlurPixel for InFloat {
    type Row = f32;
    type Sum = f32;
    const REACH: f64 = <f32 as BlurPixel>::REACH;

    fn weights(kernel: &[f64]) -> Vec<f32> {
        <f32 as BlurPixel>::weights(kernel)
    }
    fn constant(value: f64) -> Self {
        Self(<u8 as BlurPixel>::constant(value))
    }
    #[inline(always)]
    fn widened(self) -> f32 {
        f32::from(self.0)
    }
    #[inline(always)]
    fn along_row(sum: f32, weight: f32, pixel: f32) -> f32 {
        <f32 as BlurPixel>::along_row(sum, weight, pixel)
    }
    #[inline(always)]
    fn along_row_pair(sum: f32, weight: f32, left: f32, right: f32) -> f32 {
        <f32 as BlurPixel>::along_row_pair(sum, weight, left, right)
    }
    #[inline(always)]
    fn across(sum: f32, weight: f32, row: f32) -> f32 {
        <f32 as BlurPixel>::across(sum, weight, row)
    }
    #[inline(always)]
    fn across_pair(sum: f32, weight: f32, above: f32, below: f32) -> f32 {
        <f32 as BlurPixel>::across_pair(sum, weight, above, below)
    }
    #[inline(always)]
    fn finish(sum: f32) -> Self {
        Self(sum.round_ties_even() as u8)
    }
}
