//! Local means under a separable window.

use std::ops::Range;

use ndarray::{ArrayD, ArrayView, Axis, Dimension, Slice};

use crate::AlgorithmError;
use crate::filters::linear::{gaussian_weights, weighted_inside};
use crate::sample::Sample;

/// The window in which local means and variances are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SsimWindow {
    /// All pixels of a cube count the same.
    Uniform {
        /// Side in pixels, odd and at least 3.
        size: usize,
    },
    /// A Gaussian cut off at 3.5 standard deviations.
    Gaussian {
        /// Standard deviation in pixels.
        sigma: f64,
    },
}

impl SsimWindow {
    /// Weights along one axis, of odd length, summing to 1.
    pub(super) fn weights(self) -> Result<Vec<f64>, AlgorithmError> {
        match self {
            Self::Uniform { size } if size < 3 || size % 2 == 0 => Err(AlgorithmError::parameter(
                "the window's size",
                size,
                "an odd number from 3",
            )),
            Self::Uniform { size } => Ok(vec![1.0 / size as f64; size]),
            Self::Gaussian { sigma } if !(sigma > 0.0 && sigma < 1e6) => Err(
                AlgorithmError::parameter("sigma", sigma, "above 0 and below 1000000"),
            ),
            Self::Gaussian { sigma } => {
                let radius = (3.5 * sigma + 0.5).floor();
                Ok(gaussian_weights(sigma, radius as usize))
            }
        }
    }
}

/// The pixels that a slab of the first axis needs, continued symmetrically by `radius` along
/// every axis.
pub(super) fn gather<S: Sample, D: Dimension>(
    values: &ArrayView<'_, S, D>,
    slab: &Range<usize>,
    radius: usize,
) -> ArrayD<f64> {
    let mut gathered = values.view().into_dyn();
    let (low, high) = (
        slab.start.saturating_sub(radius),
        (slab.end + radius).min(values.shape()[0]),
    );
    gathered.slice_axis_inplace(Axis(0), Slice::from(low..high));
    let mut gathered = gathered.mapv(Sample::to_f64);
    for axis in 0..values.ndim() {
        let length = values.shape()[axis] as isize;
        let (start, end, shift) = if axis == 0 {
            (slab.start, slab.end, low)
        } else {
            (0, length as usize, 0)
        };
        let wanted = start as isize - radius as isize..(end + radius) as isize;
        let indices: Vec<usize> = wanted
            .map(|index| {
                let folded = index.rem_euclid(2 * length);
                folded.min(2 * length - 1 - folded) as usize - shift
            })
            .collect();
        gathered = gathered.select(Axis(axis), &indices);
    }
    gathered
}

/// A range of the first axis.
pub(super) fn part<S: Sample, D: Dimension>(
    values: &ArrayView<'_, S, D>,
    range: Range<usize>,
) -> ArrayD<f64> {
    let mut part = values.view().into_dyn();
    part.slice_axis_inplace(Axis(0), Slice::from(range));
    part.mapv(Sample::to_f64)
}

/// Weighted means around every pixel whose window lies inside `values`.
pub(super) fn local_mean(mut values: ArrayD<f64>, weights: &[f64]) -> ArrayD<f64> {
    for axis in 0..values.ndim() {
        values = weighted_inside(&values, axis, weights);
    }
    values
}
