//! Canny's edges in integer arithmetic, as OpenCV computes them.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hysteresis::{Candidate, follow};
use crate::AlgorithmError;
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
const TANGENT: u32 = 13573;

/// Rows that one step of work takes; it computes the gradients of two more.
const BAND_ROWS: usize = 64;

impl CannyInteger {
    /// 255 on edges, 0 elsewhere.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for another aperture or a threshold that is NaN.
    pub fn apply(&self, image: &ArrayView2<'_, u8>) -> Result<Array2<u8>, AlgorithmError> {
        let limits = self.thresholds()?;
        let (smooth, derive) = sobel(self.aperture)?;
        let mut edges = Array2::zeros(image.raw_dim());
        if image.is_empty() {
            return Ok(edges);
        }
        let image = image.as_standard_layout();
        let sobel = Sobel {
            image: image.view(),
            smooth,
            derive,
            l2: self.l2,
        };
        let (width, stride) = (image.ncols(), image.ncols() + 2);
        // Framed by pixels that are no candidates.
        let mut candidates = vec![Candidate::None; stride * (image.nrows() + 2)];
        let inner = stride..stride * (image.nrows() + 1);
        let bands = candidates[inner.clone()].par_chunks_mut(BAND_ROWS * stride);
        bands.enumerate().for_each(|(band, candidates)| {
            vectorized(
                #[inline(always)]
                || sobel.mark_band(BAND_ROWS * band, limits, candidates),
            );
        });
        follow(&mut candidates, stride);
        let found = candidates[inner].par_chunks(stride);
        edges
            .as_slice_mut()
            .unwrap_or_default()
            .par_chunks_mut(width)
            .zip(found)
            .for_each(|(edges, found)| {
                for (edge, &candidate) in edges.iter_mut().zip(&found[1..]) {
                    *edge = if candidate == Candidate::Strong {
                        255
                    } else {
                        0
                    };
                }
            });
        Ok(edges)
    }

    /// The least magnitudes of weak and of strong edges.
    fn thresholds(&self) -> Result<[u32; 2], AlgorithmError> {
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
            // Magnitudes are integers; those above the limit are from the next integer on.
            (squared.floor() + 1.0) as u32
        }))
    }
}

/// Gradients of an image of whole rows, whose edge pixels are repeated beyond it.
struct Sobel<'a> {
    image: ArrayView2<'a, u8>,
    smooth: &'static [i32],
    derive: &'static [i32],
    l2: bool,
}

/// Gradients of one row, and their magnitudes (sums or squares) with a 0 before and after.
struct Gradients {
    dx: Vec<i16>,
    dy: Vec<i16>,
    size: Vec<u32>,
}

impl Sobel<'_> {
    /// Finds the candidates of a band of framed rows, with the gradients of three rows at a time.
    #[inline(always)]
    fn mark_band(&self, first: usize, limits: [u32; 2], candidates: &mut [Candidate]) {
        let width = self.image.ncols();
        let none = || Gradients {
            dx: vec![0; width],
            dy: vec![0; width],
            size: vec![0; width + 2],
        };
        let mut ring = [none(), none(), none()];
        let mut sums = [vec![0; width + self.smooth.len() - 1], vec![0; width]];
        self.fill(first.checked_sub(1), &mut ring[1], &mut sums);
        self.fill(Some(first), &mut ring[2], &mut sums);
        for (row, candidates) in candidates.chunks_exact_mut(width + 2).enumerate() {
            ring.rotate_left(1);
            self.fill(Some(first + row + 1), &mut ring[2], &mut sums);
            mark_row(&ring, limits, &mut candidates[1..=width]);
        }
    }

    /// Gradients of row `y`, 0 if the image has no such row.
    #[inline(always)]
    fn fill(&self, y: Option<usize>, row: &mut Gradients, sums: &mut [Vec<i32>; 2]) {
        let Some(y) = y.filter(|&y| y < self.image.nrows()) else {
            row.size.fill(0);
            return;
        };
        self.filter_row(y, self.smooth, self.derive, sums, &mut row.dx);
        self.filter_row(y, self.derive, self.smooth, sums, &mut row.dy);
        for ((size, &dx), &dy) in row.size[1..].iter_mut().zip(&row.dx).zip(&row.dy) {
            let (flat, steep) = (u32::from(dx.unsigned_abs()), u32::from(dy.unsigned_abs()));
            *size = if self.l2 {
                flat * flat + steep * steep
            } else {
                flat + steep
            };
        }
    }

    /// A row filtered down and along. Sums of the aperture 7, which 16 bits do not hold, are
    /// divided by 16.
    #[inline(always)]
    fn filter_row(
        &self,
        y: usize,
        down: &[i32],
        along: &[i32],
        [column, sums]: &mut [Vec<i32>; 2],
        out: &mut [i16],
    ) {
        let (half, width) = (down.len() / 2, out.len());
        let middle = &mut column[half..half + width];
        middle.fill(0);
        for (offset, &weight) in down.iter().enumerate() {
            let source = (y + offset)
                .saturating_sub(half)
                .min(self.image.nrows() - 1);
            let pixels = self.image.row(source);
            for (sum, &pixel) in middle.iter_mut().zip(pixels.to_slice().unwrap_or(&[])) {
                *sum += weight * i32::from(pixel);
            }
        }
        let (first, last) = (middle[0], middle[width - 1]);
        column[..half].fill(first);
        column[half + width..].fill(last);
        sums.fill(0);
        for (offset, &weight) in along.iter().enumerate() {
            for (sum, &value) in sums.iter_mut().zip(&column[offset..]) {
                *sum += weight * value;
            }
        }
        if along.len() == 7 {
            for (out, &sum) in out.iter_mut().zip(sums.iter()) {
                *out = (sum as f32 / 16.0).round_ties_even() as i16;
            }
        } else {
            for (out, &sum) in out.iter_mut().zip(sums.iter()) {
                *out = sum as i16;
            }
        }
    }
}

/// Finds the candidates of the middle one of three rows: gradients that are the greatest along
/// their direction, which is one of four.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches several pixels are compared at once"
)]
#[inline(always)]
fn mark_row([above, here, below]: &[Gradients; 3], limits: [u32; 2], out: &mut [Candidate]) {
    let width = out.len();
    let [up_left, up, up_right] = [0, 1, 2].map(|x| &above.size[x..x + width]);
    let [left, middle, right] = [0, 1, 2].map(|x| &here.size[x..x + width]);
    let [down_left, down, down_right] = [0, 1, 2].map(|x| &below.size[x..x + width]);
    let (dx, dy) = (&here.dx[..width], &here.dy[..width]);
    for x in 0..width {
        let size = middle[x];
        let flat = u32::from(dx[x].unsigned_abs());
        let steep = u32::from(dy[x].unsigned_abs()) << 15;
        let limit = flat * TANGENT;
        let across = (size > left[x]) & (size >= right[x]);
        let along = (size > up[x]) & (size >= down[x]);
        let rising = (size > up_right[x]) & (size > down_left[x]);
        let falling = (size > up_left[x]) & (size > down_right[x]);
        let diagonal = if (dx[x] ^ dy[x]) < 0 { rising } else { falling };
        let is_steep = steep > limit + (flat << 16);
        let other = if is_steep { along } else { diagonal };
        let is_maximum = if steep < limit { across } else { other };
        let weak = is_maximum & (size >= limits[0]);
        let strong = is_maximum & (size >= limits[1]);
        out[x] = if strong {
            Candidate::Strong
        } else if weak {
            Candidate::Weak
        } else {
            Candidate::None
        };
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
