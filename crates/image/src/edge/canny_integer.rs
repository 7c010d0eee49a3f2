//! Canny's edges in integer arithmetic, as OpenCV computes them.

use ndarray::{Array2, ArrayView2, Axis, Zip};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hysteresis::{Candidate, follow};
use crate::AlgorithmError;
use crate::pad::{Border, Padding};

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
        let padded = Padding { widths }.pad(image, Border::Replicate)?;
        let dx = filtered(&padded, smooth, derive);
        let dy = filtered(&padded, derive, smooth);
        let magnitude = self.magnitude(&dx, &dy);
        let mut candidates = Array2::from_elem(image.raw_dim(), Candidate::None);
        Zip::indexed(&mut candidates).par_for_each(|(y, x), candidate| {
            let size = magnitude[[y + 1, x + 1]];
            if size > low && is_maximum(&magnitude, [y, x], dx[[y, x]], dy[[y, x]]) {
                *candidate = if size > high {
                    Candidate::Strong
                } else {
                    Candidate::Weak
                };
            }
        });
        Ok(follow(candidates).mapv(|edge| if edge { 255 } else { 0 }))
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

    /// Gradient magnitudes with a frame of zeros.
    fn magnitude(&self, dx: &Array2<i16>, dy: &Array2<i16>) -> Array2<i64> {
        let (height, width) = dx.dim();
        let mut magnitude = Array2::zeros((height + 2, width + 2));
        Zip::from(magnitude.slice_mut(ndarray::s![1..=height, 1..=width]))
            .and(dx)
            .and(dy)
            .par_for_each(|size, &dx, &dy| {
                let (dx, dy) = (i64::from(dx), i64::from(dy));
                *size = if self.l2 {
                    dx * dx + dy * dy
                } else {
                    dx.abs() + dy.abs()
                };
            });
        magnitude
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

/// Separable filter of a padded image. Sums of the aperture 7, which 16 bits do not hold, are
/// divided by 16.
fn filtered(padded: &Array2<u8>, down: &[i32], along: &[i32]) -> Array2<i16> {
    let size = down.len();
    let shape = (padded.nrows() + 1 - size, padded.ncols() + 1 - size);
    let mut out = Array2::zeros(shape);
    out.axis_iter_mut(Axis(0))
        .into_par_iter()
        .enumerate()
        .for_each(|(y, mut out)| {
            let mut column = vec![0_i32; padded.ncols()];
            for (offset, &weight) in down.iter().enumerate() {
                for (sum, &pixel) in column.iter_mut().zip(padded.row(y + offset)) {
                    *sum += weight * i32::from(pixel);
                }
            }
            for (x, out) in out.iter_mut().enumerate() {
                let sum: i32 = column[x..x + size]
                    .iter()
                    .zip(along)
                    .map(|(sum, weight)| sum * weight)
                    .sum();
                let scale = if size == 7 { 16.0 } else { 1.0 };
                *out = (f64::from(sum) / scale).round_ties_even() as i16;
            }
        });
    out
}

/// Whether the gradient at (y, x) is the greatest along its direction, which is one of four.
fn is_maximum(magnitude: &Array2<i64>, [y, x]: [usize; 2], dx: i16, dy: i16) -> bool {
    let (flat, steep) = (i64::from(dx).abs(), i64::from(dy).abs() << 15);
    let size = magnitude[[y + 1, x + 1]];
    let limit = flat * TANGENT;
    if steep < limit {
        return size > magnitude[[y + 1, x]] && size >= magnitude[[y + 1, x + 2]];
    }
    if steep > limit + (flat << 16) {
        return size > magnitude[[y, x + 1]] && size >= magnitude[[y + 2, x + 1]];
    }
    let (above, below) = if (dx ^ dy) < 0 {
        (x + 2, x)
    } else {
        (x, x + 2)
    };
    size > magnitude[[y, above]] && size > magnitude[[y + 2, below]]
}
