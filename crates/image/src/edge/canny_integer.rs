//! Canny's edges in integer arithmetic, as OpenCV computes them.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hysteresis::{Candidate, follow};
use crate::AlgorithmError;
use crate::pad::{Border, Padding};
use crate::simd::vectorized;

/// OpenCV's `Canny` for 8-bit images. Nothing is smoothed beforehand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CannyInteger {
    /// Gradients above this continue an edge.
    pub low: f64,
    /// Gradients above this start one. If it is less than `low` the two are exchanged.
    pub high: f64,
    /// Side of the Sobel filter in pixels: 3, 5 or 7.
    pub aperture: usize,
    /// Whether the gradient is `sqrt(dx^2 + dy^2)` and not `|dx| + |dy|`.
    pub l2: bool,
}

impl Default for CannyInteger {
    fn default() -> Self {
        Self {
            low: 50.0,
            high: 100.0,
            aperture: 3,
            l2: false,
        }
    }
}

/// Fixed-point tangent of 22.5 degrees, with 15 fractional bits.
const TANGENT: i64 = 13573;

impl CannyInteger {
    /// 255 on edges, 0 elsewhere.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for another aperture or a threshold that is NaN.
    pub fn apply(&self, image: &ArrayView2<'_, u8>) -> Result<Array2<u8>, AlgorithmError> {
        let [low, high] = self.thresholds()?;
        let (smooth, derive) = sobel(self.aperture)?;
        if image.is_empty() {
            return Ok(Array2::zeros(image.raw_dim()));
        }
        let half = self.aperture / 2;
        let widths = vec![(half, half); 2];
        // Padding may leave columns in line, not rows.
        let padded = Padding { widths }.pad(image, Border::Replicate)?;
        let padded = padded.as_standard_layout();
        let stride = image.ncols() + 2;
        let mut gradients = vec![Gradient::default(); stride * (image.nrows() + 2)];
        inner_rows(&mut gradients, stride).for_each(|(y, row)| {
            vectorized(|| {
                let dx = filtered_row(&padded.view(), y, smooth, derive);
                let dy = filtered_row(&padded.view(), y, derive, smooth);
                for (gradient, (&dx, &dy)) in row.iter_mut().zip(dx.iter().zip(&dy)) {
                    *gradient = Gradient::new(dx, dy, self.l2);
                }
            });
        });
        let mut candidates = vec![Candidate::None; gradients.len()];
        inner_rows(&mut candidates, stride).for_each(|(y, row)| {
            for (at, candidate) in ((y + 1) * stride + 1..).zip(row) {
                let size = i64::from(gradients[at].size);
                if size > low && is_maximum(&gradients, at, stride) {
                    *candidate = if size > high {
                        Candidate::Strong
                    } else {
                        Candidate::Weak
                    };
                }
            }
        });
        follow(&mut candidates, stride);
        let mut edges = Array2::zeros(image.raw_dim());
        for (y, mut row) in edges.rows_mut().into_iter().enumerate() {
            let found = &candidates[(y + 1) * stride + 1..];
            for (edge, &candidate) in row.iter_mut().zip(found) {
                *edge = if candidate == Candidate::Strong {
                    255
                } else {
                    0
                };
            }
        }
        Ok(edges)
    }

    fn thresholds(&self) -> Result<[i64; 2], AlgorithmError> {
        for (name, value) in [("low", self.low), ("high", self.high)] {
            if value.is_nan() {
                return Err(AlgorithmError::parameter(name, value, "a number"));
            }
        }
        let scale = if self.aperture == 7 { 16.0 } else { 1.0 };
        let ends = [self.low.min(self.high), self.low.max(self.high)];
        Ok(ends.map(|end| {
            let end = end / scale;
            let squared = if self.l2 {
                let end = end.min(32767.0);
                if end > 0.0 { end * end } else { end }
            } else {
                end
            };
            squared.floor() as i64
        }))
    }
}

/// Rows of a framed image without the frame, in parallel, with their index in the image.
fn inner_rows<T: Send>(
    framed: &mut [T],
    stride: usize,
) -> impl ParallelIterator<Item = (usize, &mut [T])> {
    let end = framed.len() - stride;
    framed[stride..end]
        .par_chunks_mut(stride)
        .with_min_len(16)
        .map(move |row| &mut row[1..stride - 1])
        .enumerate()
}

/// A gradient and its magnitude, by sum or squared.
#[derive(Clone, Copy, Default)]
struct Gradient {
    dx: i16,
    dy: i16,
    size: u32,
}

impl Gradient {
    #[inline(always)]
    fn new(dx: i16, dy: i16, l2: bool) -> Self {
        let (flat, steep) = (u32::from(dx.unsigned_abs()), u32::from(dy.unsigned_abs()));
        let size = if l2 {
            flat * flat + steep * steep
        } else {
            flat + steep
        };
        Self { dx, dy, size }
    }
}

/// Weights of the Sobel filter across and along the derivative.
fn sobel(aperture: usize) -> Result<(&'static [i32], &'static [i32]), AlgorithmError> {
    match aperture {
        3 => Ok((&[1, 2, 1], &[-1, 0, 1])),
        5 => Ok((&[1, 4, 6, 4, 1], &[-1, -2, 0, 2, 1])),
        7 => Ok((&[1, 6, 15, 20, 15, 6, 1], &[-1, -4, -5, 0, 5, 4, 1])),
        other => Err(AlgorithmError::parameter("aperture", other, "3, 5 or 7")),
    }
}

/// A row of a padded image, filtered. Sums of the aperture 7, which 16 bits do not hold, are
/// divided by 16.
#[inline(always)]
fn filtered_row(padded: &ArrayView2<'_, u8>, y: usize, down: &[i32], along: &[i32]) -> Vec<i16> {
    let mut column = vec![0_i32; padded.ncols()];
    for (row, &weight) in padded.rows().into_iter().skip(y).zip(down) {
        for (sum, &pixel) in column.iter_mut().zip(row) {
            *sum += weight * i32::from(pixel);
        }
    }
    let mut sums = vec![0_i32; padded.ncols() + 1 - along.len()];
    for (offset, &weight) in along.iter().enumerate() {
        for (sum, &value) in sums.iter_mut().zip(&column[offset..]) {
            *sum += weight * value;
        }
    }
    if along.len() == 7 {
        let scaled = |&sum: &i32| (sum as f32 / 16.0).round_ties_even() as i16;
        return sums.iter().map(scaled).collect();
    }
    sums.iter().map(|&sum| sum as i16).collect()
}

/// Whether the gradient is the greatest along its direction, which is one of four.
fn is_maximum(gradients: &[Gradient], at: usize, stride: usize) -> bool {
    let Gradient { dx, dy, size } = gradients[at];
    let (flat, steep) = (i64::from(dx).abs(), i64::from(dy).abs() << 15);
    let limit = flat * TANGENT;
    let at_size = |at: usize| gradients[at].size;
    if steep < limit {
        return size > at_size(at - 1) && size >= at_size(at + 1);
    }
    if steep > limit + (flat << 16) {
        return size > at_size(at - stride) && size >= at_size(at + stride);
    }
    let (above, below) = (at - stride, at + stride);
    if (dx ^ dy) < 0 {
        size > at_size(above + 1) && size > at_size(below - 1)
    } else {
        size > at_size(above - 1) && size > at_size(below + 1)
    }
}
