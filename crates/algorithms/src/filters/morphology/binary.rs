//! Binary operations in 1 to 3 axes.

use ndarray::{Array, ArrayView, Dimension};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::measure::components::{check_connectivity, shape_zyx};
use crate::simd::vectorized;

/// What is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinaryOperation {
    /// Keeps pixels whose whole neighbourhood is set.
    Erode,
    /// Sets pixels with any set neighbour.
    Dilate,
    /// Dilation of the erosion.
    #[default]
    Open,
    /// Erosion of the dilation.
    Close,
}

/// Binary morphology with the neighbourhood of a connectivity, as scipy's `binary_erosion` and
/// `binary_dilation`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BinaryMorphology {
    /// What is computed.
    pub operation: BinaryOperation,
    /// Pixel connectivity: 1 = faces, 2 = edges too, 3 = corners too (in 2D, 4 and 8 neighbours).
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
    /// How many times each erosion and each dilation is repeated.
    #[schemars(range(min = 1))]
    pub iterations: usize,
    /// Whether pixels outside the image count as set for erosion. With it, as in scikit-image,
    /// objects are not worn off at the edge.
    pub outside_is_set: bool,
}

impl Default for BinaryMorphology {
    fn default() -> Self {
        Self {
            operation: BinaryOperation::Open,
            connectivity: 1,
            iterations: 1,
            outside_is_set: true,
        }
    }
}

impl BinaryMorphology {
    /// The result, of the mask's shape.
    ///
    /// # Errors
    /// [`AlgorithmError::Rank`] for more than 3 axes, [`AlgorithmError::Parameter`] for a
    /// connectivity outside 1 to the number of axes, or no iterations.
    pub fn apply<D: Dimension>(
        &self,
        mask: &ArrayView<'_, bool, D>,
    ) -> Result<Array<bool, D>, AlgorithmError> {
        check_connectivity(self.connectivity, mask.ndim())?;
        if self.iterations == 0 {
            return Err(AlgorithmError::parameter("iterations", 0, "at least 1"));
        }
        let rows = Rows {
            shape: shape_zyx(mask.shape())?,
            rank: mask.ndim(),
            connectivity: self.connectivity,
        };
        let mut result = Array::from_elem(mask.raw_dim(), false);
        result.assign(mask);
        let (erode, dilate) = (Some(self.outside_is_set), None);
        let passes: &[Option<bool>] = match self.operation {
            BinaryOperation::Erode => &[erode],
            BinaryOperation::Dilate => &[dilate],
            BinaryOperation::Open => &[erode, dilate],
            BinaryOperation::Close => &[dilate, erode],
        };
        for &pass in passes {
            for _ in 0..self.iterations {
                let pixels = result.as_slice().unwrap_or(&[]);
                let next = match pass {
                    Some(outside) => rows.combine(pixels, outside, |a, b| a & b),
                    None => rows.combine(pixels, false, |a, b| a | b),
                };
                if let Some(pixels) = result.as_slice_mut() {
                    pixels.copy_from_slice(&next);
                }
            }
        }
        Ok(result)
    }

    /// How far the result depends on the mask, in pixels.
    pub fn halo(&self) -> usize {
        match self.operation {
            BinaryOperation::Erode | BinaryOperation::Dilate => self.iterations,
            BinaryOperation::Open | BinaryOperation::Close => 2 * self.iterations,
        }
    }
}

/// A `Z Y X` mask, row by row, with its neighbourhood.
struct Rows {
    shape: [usize; 3],
    /// Axes of the array it came as: missing axes have no neighbours.
    rank: usize,
    connectivity: usize,
}

impl Rows {
    /// Combines each pixel with its neighbours; those outside are `outside`.
    fn combine(
        &self,
        pixels: &[bool],
        outside: bool,
        combine: impl Fn(bool, bool) -> bool + Copy + Sync,
    ) -> Vec<bool> {
        let width = self.shape[2];
        let mut out = pixels.to_vec();
        if out.is_empty() {
            return out;
        }
        out.par_chunks_mut(width)
            .enumerate()
            .for_each(|(index, out)| {
                vectorized(
                    #[inline(always)]
                    || {
                        for (row, is_wide) in self.neighbours(index) {
                            let row = row.map(|row| &pixels[row * width..(row + 1) * width]);
                            combine_row(out, row, is_wide, outside, combine);
                        }
                    },
                );
            });
        out
    }

    /// Rows around row `index`, `None` outside, each with whether steps along X are allowed too.
    fn neighbours(&self, index: usize) -> impl Iterator<Item = (Option<usize>, bool)> {
        let [depth, height, _] = self.shape.map(|length| length as isize);
        let (z, y) = (index as isize / height, index as isize % height);
        let reach = |axis: usize| isize::from(self.rank >= axis);
        let (reach_z, reach_y) = (reach(3), reach(2));
        (-reach_z..=reach_z).flat_map(move |dz| {
            (-reach_y..=reach_y).filter_map(move |dy| {
                let steps = usize::from(dz != 0) + usize::from(dy != 0);
                let (z, y) = (z + dz, y + dy);
                let inside = (0..depth).contains(&z) && (0..height).contains(&y);
                let row = inside.then_some((z * height + y) as usize);
                (steps <= self.connectivity).then_some((row, steps < self.connectivity))
            })
        })
    }
}

#[inline(always)]
fn combine_row(
    out: &mut [bool],
    row: Option<&[bool]>,
    is_wide: bool,
    outside: bool,
    combine: impl Fn(bool, bool) -> bool,
) {
    let Some(row) = row else {
        for out in out {
            *out = combine(*out, outside);
        }
        return;
    };
    for (out, &pixel) in out.iter_mut().zip(row) {
        *out = combine(*out, pixel);
    }
    if !is_wide {
        return;
    }
    let last = row.len() - 1;
    for (out, &left) in out[1..].iter_mut().zip(row) {
        *out = combine(*out, left);
    }
    for (out, &right) in out[..last].iter_mut().zip(&row[1..]) {
        *out = combine(*out, right);
    }
    out[0] = combine(out[0], outside);
    out[last] = combine(out[last], outside);
}
