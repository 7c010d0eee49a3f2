//! Convolution with a kernel of any shape.

use ndarray::{Array, ArrayView, RemoveAxis};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::sample::Sample;
use crate::simd::vectorized;
use crate::transform::pad::{Border, Padding};

/// Convolution, or correlation, of the same size as the image, as scipy's `convolve` and
/// `correlate` compute them. The kernel's origin is at `floor(size / 2)` of each axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Convolution {
    /// What lies beyond the edge.
    pub border: Border<f64>,
    /// Whether the kernel is used as it is instead of mirrored: correlation.
    pub correlate: bool,
}

impl Default for Convolution {
    fn default() -> Self {
        Self {
            border: Border::Constant(0.0),
            correlate: false,
        }
    }
}

impl Convolution {
    /// `values` under `kernel`, which has as many axes. Time is that of one multiplication for each
    /// pixel and non-zero weight.
    ///
    /// # Errors
    /// [`AlgorithmError::Rank`] if the numbers of axes differ, [`AlgorithmError::Empty`] for a
    /// kernel without weights.
    pub fn apply<S: Sample, D: RemoveAxis>(
        &self,
        values: &ArrayView<'_, S, D>,
        kernel: &ArrayView<'_, f64, D>,
    ) -> Result<Array<f64, D>, AlgorithmError> {
        if kernel.ndim() != values.ndim() {
            return Err(AlgorithmError::Rank {
                what: "the kernel",
                got: kernel.ndim(),
                expected: "as many as the image",
            });
        }
        if kernel.is_empty() {
            return Err(AlgorithmError::Empty { what: "the kernel" });
        }
        let mut result = Array::from_elem(values.raw_dim(), 0.0);
        if values.is_empty() {
            return Ok(result);
        }
        let widths = kernel.shape().iter().map(|&size| self.widths(size));
        let padding = Padding {
            widths: widths.collect(),
        };
        let padded = padding.pad(&values.mapv(Sample::to_f64).view(), self.border)?;
        let padded = padded.as_standard_layout();
        let terms = self.terms(kernel, padded.strides());
        let starts = row_starts(values.shape(), padded.strides());
        let pixels = padded.as_slice().unwrap_or(&[]);
        let width = values.shape().last().copied().unwrap_or(1);
        let out = result.as_slice_mut().unwrap_or(&mut []);
        out.par_chunks_mut(width)
            .zip(&starts)
            .for_each(|(out, &start)| {
                vectorized(
                    #[inline(always)]
                    || weighted_sum(out, &pixels[start..], &terms),
                );
            });
        Ok(result)
    }

    /// Pixels below and above that a result depends on, for a kernel of `size` along an axis.
    fn widths(&self, size: usize) -> (usize, usize) {
        let (before, after) = (size / 2, size - 1 - size / 2);
        if self.correlate {
            (before, after)
        } else {
            (after, before)
        }
    }

    /// Where in the padded array, relative to a result's first neighbour, each weight applies.
    fn terms<D: RemoveAxis>(
        &self,
        kernel: &ArrayView<'_, f64, D>,
        strides: &[isize],
    ) -> Vec<(usize, f64)> {
        let mut index = vec![0; kernel.ndim()];
        let mut terms = Vec::with_capacity(kernel.len());
        for &weight in kernel {
            let offset: usize = (0..index.len())
                .map(|axis| {
                    let mirrored = kernel.shape()[axis] - 1 - index[axis];
                    let step = if self.correlate {
                        index[axis]
                    } else {
                        mirrored
                    };
                    step * strides[axis] as usize
                })
                .sum();
            if weight != 0.0 {
                terms.push((offset, weight));
            }
            advance(&mut index, kernel.shape());
        }
        terms
    }
}

#[inline(always)]
fn weighted_sum(out: &mut [f64], pixels: &[f64], terms: &[(usize, f64)]) {
    for &(offset, weight) in terms {
        let row = &pixels[offset..offset + out.len()];
        for (out, &pixel) in out.iter_mut().zip(row) {
            *out += weight * pixel;
        }
    }
}

/// Where in an array of other strides each row of `shape` starts.
fn row_starts(shape: &[usize], strides: &[isize]) -> Vec<usize> {
    let rows = shape[..shape.len().saturating_sub(1)].to_vec();
    let mut index = vec![0; rows.len()];
    let count = rows.iter().product();
    let mut starts = Vec::with_capacity(count);
    for _ in 0..count {
        starts.push(
            index
                .iter()
                .zip(strides)
                .map(|(&i, &stride)| i * stride as usize)
                .sum(),
        );
        advance(&mut index, &rows);
    }
    starts
}

/// The next index in C order.
fn advance(index: &mut [usize], shape: &[usize]) {
    for (axis, length) in shape.iter().enumerate().rev() {
        index[axis] += 1;
        if index[axis] < *length {
            return;
        }
        index[axis] = 0;
    }
}
