//! Gaussian smoothing as scipy computes it.

use ndarray::{Array, ArrayView, Dimension};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel::{MAX_SIZE, gaussian_weights};
use super::lanes::{column_pass, row_pass};
use crate::AlgorithmError;
use crate::error::per_axis;
use crate::sample::Sample;
use crate::simd::vectorized;
use crate::transform::pad::{Border, source_index};

/// Gaussian smoothing of any number of axes in double precision, as scipy's `gaussian_filter`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gaussian {
    /// Standard deviation in pixels: one for all axes, or one for each in array order (Z Y X).
    /// 0 leaves an axis as it is.
    pub sigma: Vec<f64>,
    /// Standard deviations from the centre to the end of the window.
    #[schemars(range(min = 0.0))]
    pub truncate: f64,
    /// What lies beyond the edge.
    pub border: Border<f64>,
}

impl Default for Gaussian {
    fn default() -> Self {
        Self {
            sigma: vec![1.0],
            truncate: 4.0,
            border: Border::Symmetric,
        }
    }
}

impl Gaussian {
    /// The smoothed array.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for settings outside their ranges.
    pub fn apply<S: Sample, D: Dimension>(
        &self,
        values: &ArrayView<'_, S, D>,
    ) -> Result<Array<f64, D>, AlgorithmError> {
        let sigmas = self.sigmas(values.ndim())?;
        let mut smoothed = Array::from_elem(values.raw_dim(), 0.0);
        smoothed.zip_mut_with(values, |to, from| *to = from.to_f64());
        if values.is_empty() {
            return Ok(smoothed);
        }
        for (axis, &sigma) in sigmas.iter().enumerate() {
            if sigma > 0.0 {
                let weights = gaussian_weights(sigma, self.radius(sigma));
                smoothed = correlate_axis(&smoothed, axis, &weights, self.border);
            }
        }
        Ok(smoothed)
    }

    /// How far the result depends on the array along each of `rank` axes, in pixels.
    ///
    /// # Errors
    /// As [`Gaussian::apply`].
    pub fn halo(&self, rank: usize) -> Result<Vec<usize>, AlgorithmError> {
        let sigmas = self.sigmas(rank)?;
        Ok(sigmas.iter().map(|&sigma| self.radius(sigma)).collect())
    }

    fn radius(&self, sigma: f64) -> usize {
        (self.truncate * sigma + 0.5).floor() as usize
    }

    fn sigmas(&self, rank: usize) -> Result<Vec<f64>, AlgorithmError> {
        if !(self.truncate >= 0.0 && self.truncate.is_finite()) {
            let expected = "a finite number of at least 0";
            return Err(AlgorithmError::parameter(
                "truncate",
                self.truncate,
                expected,
            ));
        }
        let limit = MAX_SIZE as f64 / (2.0 * self.truncate.max(1.0));
        let allowed = |sigma: f64| (0.0..limit).contains(&sigma);
        let expected = format!("0 or more and below {limit}");
        per_axis("sigma", &self.sigma, rank, allowed, &expected)
    }
}

/// Weighted sums along one axis of a non-empty array; weights are symmetric.
fn correlate_axis<D: Dimension>(
    values: &Array<f64, D>,
    axis: usize,
    weights: &[f64],
    border: Border<f64>,
) -> Array<f64, D> {
    let length = values.shape()[axis];
    let inner: usize = values.shape()[axis + 1..].iter().product();
    let source = values.as_slice().unwrap_or(&[]);
    let mut result = Array::from_elem(values.raw_dim(), 0.0);
    let out = result.as_slice_mut().unwrap_or(&mut []);
    if inner == 1 {
        out.par_chunks_mut(length)
            .zip(source.par_chunks(length))
            .for_each(|(out, row)| {
                vectorized(
                    #[inline(always)]
                    || correlate_row(row, weights, border, out),
                );
            });
        return result;
    }
    let constant = vec![constant_of(border); if is_constant(border) { inner } else { 0 }];
    let half = weights.len() as isize / 2;
    let work = |(index, out): (usize, &mut [f64])| {
        let (outer, at) = (index / length, (index % length) as isize);
        let row = |offset: usize| {
            let wanted = at + offset as isize - half;
            if is_constant(border) && !(0..length as isize).contains(&wanted) {
                return constant.as_slice();
            }
            let found = source_index(wanted, length, &border);
            &source[(outer * length + found) * inner..][..inner]
        };
        let rows: Vec<&[f64]> = (0..weights.len()).map(row).collect();
        vectorized(
            #[inline(always)]
            || column_pass(&rows, weights, out),
        );
    };
    out.par_chunks_mut(inner).enumerate().for_each(work);
    result
}

#[inline(always)]
fn correlate_row(row: &[f64], weights: &[f64], border: Border<f64>, out: &mut [f64]) {
    let half = weights.len() / 2;
    let mut padded = vec![constant_of(border); row.len() + 2 * half];
    padded[half..half + row.len()].copy_from_slice(row);
    if !is_constant(border) {
        for index in (0..half).chain(half + row.len()..row.len() + 2 * half) {
            padded[index] = row[source_index(index as isize - half as isize, row.len(), &border)];
        }
    }
    row_pass::<f64>(&padded, weights, out);
}

fn is_constant(border: Border<f64>) -> bool {
    matches!(border, Border::Constant(_))
}

fn constant_of(border: Border<f64>) -> f64 {
    if let Border::Constant(value) = border {
        value
    } else {
        0.0
    }
}
