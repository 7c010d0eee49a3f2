//! Gaussian smoothing as OpenCV computes it.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel::{MAX_SIZE, fixed_point, gaussian_kernel};
use super::lanes::{column_pass, row_pass};
use crate::AlgorithmError;
use crate::sample::Sample;
use crate::simd::vectorized;
use crate::transform::pad::{Border, source_index};

/// Bytes of intermediate rows that a tile of work keeps, so that they stay in the cache.
const RING_BYTES: usize = 1 << 15;

/// Least columns of a tile, as each begins with pixels of its neighbour.
const MIN_COLUMNS: usize = 256;

/// OpenCV's `GaussianBlur`: a square Gaussian window on images `Y X`.
///
/// 8-bit and 16-bit images are smoothed in fixed point (8 and 16 fractional bits), bit for bit as
/// OpenCV 4 does; `f32` images in floating point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GaussianBlur {
    /// Side of the window in pixels, odd. Without it, it follows from sigma.
    pub size: Option<usize>,
    /// Standard deviation in pixels. 0 lets it follow from the size.
    #[schemars(range(min = 0.0))]
    pub sigma: f64,
    /// What lies beyond the edge.
    pub border: Border<f64>,
}

impl Default for GaussianBlur {
    fn default() -> Self {
        Self {
            size: Some(11),
            sigma: 0.0,
            border: Border::Reflect101,
        }
    }
}

impl GaussianBlur {
    /// The smoothed image.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for an even size, or neither size nor sigma.
    pub fn apply<P: BlurPixel>(
        &self,
        image: &ArrayView2<'_, P>,
    ) -> Result<Array2<P>, AlgorithmError> {
        let kernel = gaussian_kernel(self.window::<P>()?, self.sigma)?;
        Ok(smooth(image, &P::weights(&kernel), self.border))
    }

    /// How far the result depends on the image, in pixels.
    ///
    /// # Errors
    /// As [`GaussianBlur::apply`].
    pub fn halo<P: BlurPixel>(&self) -> Result<usize, AlgorithmError> {
        Ok(self.window::<P>()? / 2)
    }

    fn window<P: BlurPixel>(&self) -> Result<usize, AlgorithmError> {
        if let Some(size) = self.size {
            return Ok(size);
        }
        let size = (2.0 * P::REACH * self.sigma + 1.0).round_ties_even();
        if !(self.sigma > 0.0 && size < MAX_SIZE as f64) {
            let expected = "a number above 0, as no size is given";
            return Err(AlgorithmError::parameter("sigma", self.sigma, expected));
        }
        Ok(size as usize | 1)
    }
}

/// Smooths by symmetric weights along both axes, in tiles that are worked on in parallel.
pub(super) fn smooth<P: BlurPixel>(
    image: &ArrayView2<'_, P>,
    weights: &[P::Row],
    border: Border<f64>,
) -> Array2<P> {
    let mut smoothed = Array2::from_elem(image.raw_dim(), P::default());
    if image.is_empty() {
        return smoothed;
    }
    let image = image.as_standard_layout();
    let image = image.view();
    let columns = (RING_BYTES / size_of_val(weights)).max(MIN_COLUMNS);
    // Each tile repeats the row pass of the rows beyond its ends.
    let rows = (image.nrows() / (4 * rayon::current_num_threads()))
        .max(4 * weights.len())
        .max(16);
    let mut tiles: Vec<([usize; 2], ArrayViewMut2<'_, P>)> = Vec::new();
    for (band, part) in smoothed.axis_chunks_iter_mut(Axis(0), rows).enumerate() {
        let mut rest = part;
        let mut column = 0;
        while rest.ncols() > columns {
            let (tile, right) = rest.split_at(Axis(1), columns);
            tiles.push(([band * rows, column], tile));
            column += columns;
            rest = right;
        }
        tiles.push(([band * rows, column], rest));
    }
    tiles.into_par_iter().for_each(|(start, mut tile)| {
        vectorized(
            #[inline(always)]
            || smooth_tile(&image, weights, border, start, &mut tile),
        );
    });
    smoothed
}

/// Keeps the row sums of as many rows as the window is high, in a ring.
#[inline(always)]
fn smooth_tile<P: BlurPixel>(
    image: &ArrayView2<'_, P>,
    weights: &[P::Row],
    border: Border<f64>,
    [first_row, first_column]: [usize; 2],
    tile: &mut ArrayViewMut2<'_, P>,
) {
    let (size, half) = (weights.len(), weights.len() / 2);
    let width = tile.ncols();
    let mut row = vec![P::Row::default(); width + size - 1];
    let mut ring = vec![P::Row::default(); size * width];
    let left = first_column as isize - half as isize;
    for index in 0..tile.nrows() + size - 1 {
        let slot = index % size;
        let y = (first_row + index) as isize - half as isize;
        gather_row(image, y, left, border, &mut row);
        row_pass::<P>(&row, weights, &mut ring[slot * width..][..width]);
        let Some(finished) = (index + 1).checked_sub(size) else {
            continue;
        };
        let rows: Vec<&[P::Row]> = (0..size)
            .map(|step| &ring[(finished + step) % size * width..][..width])
            .collect();
        if let Some(out) = tile.row_mut(finished).as_slice_mut() {
            column_pass(&rows, weights, out);
        }
    }
}

/// Copies `out.len()` pixels of row `y` from column `left` on, continued by the border.
fn gather_row<P: BlurPixel>(
    image: &ArrayView2<'_, P>,
    y: isize,
    left: isize,
    border: Border<f64>,
    out: &mut [P::Row],
) {
    let (height, width) = (image.nrows() as isize, image.ncols() as isize);
    if let Border::Constant(value) = border {
        out.fill(P::constant(value).widened());
        if !(0..height).contains(&y) {
            return;
        }
    }
    let row = image.row(source_index(y, image.nrows(), &border));
    let row = row.as_slice().unwrap_or(&[]);
    let inside = (-left).clamp(0, out.len() as isize) as usize
        ..(width - left).clamp(0, out.len() as isize) as usize;
    if !inside.is_empty() {
        let first = (left + inside.start as isize) as usize;
        for (out, &pixel) in out[inside.clone()].iter_mut().zip(&row[first..]) {
            *out = pixel.widened();
        }
    }
    if matches!(border, Border::Constant(_)) {
        return;
    }
    for index in (0..inside.start).chain(inside.end..out.len()) {
        out[index] = row[source_index(left + index as isize, row.len(), &border)].widened();
    }
}

/// A pixel that [`GaussianBlur`] smooths, and the arithmetic it does so in: `u8`, `u16`, `f32`,
/// and `f64` for the field's other Gaussians.
pub trait BlurPixel: Sample + Default {
    /// A weight, and a weighted sum along a row.
    type Row: Copy + Default + Send + Sync;
    /// A weighted sum across rows.
    type Sum: Copy + Default;
    /// Standard deviations from the centre to the end of a window whose size follows from sigma.
    const REACH: f64;
    /// Weights in this pixel's arithmetic.
    fn weights(kernel: &[f64]) -> Vec<Self::Row>;
    /// The pixel of a constant border.
    fn constant(value: f64) -> Self;
    /// The pixel in the type of row sums.
    fn widened(self) -> Self::Row;
    /// Adds one weighted pixel of a row.
    fn along_row(sum: Self::Row, weight: Self::Row, pixel: Self::Row) -> Self::Row;
    /// Adds two pixels of a row of the same weight.
    fn along_row_pair(
        sum: Self::Row,
        weight: Self::Row,
        left: Self::Row,
        right: Self::Row,
    ) -> Self::Row;
    /// Adds one weighted row sum.
    fn across(sum: Self::Sum, weight: Self::Row, row: Self::Row) -> Self::Sum;
    /// Adds two row sums of the same weight.
    fn across_pair(
        sum: Self::Sum,
        weight: Self::Row,
        above: Self::Row,
        below: Self::Row,
    ) -> Self::Sum;
    /// The pixel that a sum stands for.
    fn finish(sum: Self::Sum) -> Self;
}

macro_rules! fixed_point_pixel {
    ($pixel:ty, $row:ty, $bits:literal, $reach:literal; $($across:tt)*) => {
        impl BlurPixel for $pixel {
            type Row = $row;
            const REACH: f64 = $reach;

            fn weights(kernel: &[f64]) -> Vec<$row> {
                let fixed = fixed_point(kernel, f64::from(1_u32 << $bits));
                fixed.into_iter().map(|weight| weight as $row).collect()
            }
            fn constant(value: f64) -> Self {
                value.round_ties_even() as Self
            }
            #[inline(always)]
            fn widened(self) -> $row {
                <$row>::from(self)
            }
            // Weights add up to 2^bits, so no sum of pixels overflows.
            #[inline(always)]
            fn along_row(sum: $row, weight: $row, pixel: $row) -> $row {
                sum.wrapping_add(weight.wrapping_mul(pixel))
            }
            #[inline(always)]
            fn along_row_pair(sum: $row, weight: $row, left: $row, right: $row) -> $row {
                sum.wrapping_add(weight.wrapping_mul(left.wrapping_add(right)))
            }
            $($across)*
        }
    };
}

fixed_point_pixel! {
    u8, u16, 8, 3.0;
    type Sum = u32;
    #[inline(always)]
    fn across(sum: u32, weight: u16, row: u16) -> u32 {
        sum + u32::from(weight) * u32::from(row)
    }
    #[inline(always)]
    fn across_pair(sum: u32, weight: u16, above: u16, below: u16) -> u32 {
        sum + u32::from(weight) * (u32::from(above) + u32::from(below))
    }
    #[inline(always)]
    fn finish(sum: u32) -> u8 {
        ((sum + (1 << 15)) >> 16).min(255) as u8
    }
}

// Sums over the upper and over the lower 16 bits of row sums, as vector units multiply 32 bits
// faster than 64. Weights add up to 2^16, so each fits, and so does their rounded combination:
// no row sum exceeds 2^16 (2^16 - 1).
fixed_point_pixel! {
    u16, u32, 16, 4.0;
    type Sum = [u32; 2];
    #[inline(always)]
    fn across([high, low]: [u32; 2], weight: u32, row: u32) -> [u32; 2] {
        [
            high.wrapping_add(weight.wrapping_mul(row >> 16)),
            low.wrapping_add(weight.wrapping_mul(row & 0xffff)),
        ]
    }
    #[inline(always)]
    fn across_pair([high, low]: [u32; 2], weight: u32, above: u32, below: u32) -> [u32; 2] {
        let highs = (above >> 16) + (below >> 16);
        let lows = (above & 0xffff) + (below & 0xffff);
        [
            high.wrapping_add(weight.wrapping_mul(highs)),
            low.wrapping_add(weight.wrapping_mul(lows)),
        ]
    }
    #[inline(always)]
    fn finish([high, low]: [u32; 2]) -> u16 {
        (high.wrapping_add(low >> 16).wrapping_add(1 << 15) >> 16) as u16
    }
}

macro_rules! float_pixel {
    ($pixel:ty) => {
        impl BlurPixel for $pixel {
            type Row = Self;
            type Sum = Self;
            const REACH: f64 = 4.0;

            fn weights(kernel: &[f64]) -> Vec<Self> {
                kernel.iter().map(|&weight| weight as Self).collect()
            }
            fn constant(value: f64) -> Self {
                value as Self
            }
            #[inline(always)]
            fn widened(self) -> Self {
                self
            }
            #[inline(always)]
            fn along_row(sum: Self, weight: Self, pixel: Self) -> Self {
                sum + weight * pixel
            }
            #[inline(always)]
            fn along_row_pair(sum: Self, weight: Self, left: Self, right: Self) -> Self {
                sum + weight * (left + right)
            }
            #[inline(always)]
            fn across(sum: Self, weight: Self, row: Self) -> Self {
                sum + weight * row
            }
            #[inline(always)]
            fn across_pair(sum: Self, weight: Self, above: Self, below: Self) -> Self {
                sum + weight * (above + below)
            }
            #[inline(always)]
            fn finish(sum: Self) -> Self {
                sum
            }
        }
    };
}

float_pixel!(f32);
float_pixel!(f64);
