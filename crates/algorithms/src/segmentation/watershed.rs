//! Watershed from markers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ndarray::{Array, ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::error::same_shape;
use crate::measure::components::{check_connectivity, shape_zyx};
use crate::sample::Sample;

/// Grows markers over an image from low to high values (Meyer's flooding) on `X`, `Y X` or
/// `Z Y X`.
///
/// Pixels are flooded in the order of value, then of when they were reached; markers start in
/// raster order. Without lines the result equals scikit-image's but for ties between markers of
/// equal value. With lines some pixels differ: here the flood stops at a line, while scikit-image
/// 0.26 lets it run on across, and compares each pixel with the flood that reaches it rather than
/// its neighbours among themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Watershed {
    /// Pixel connectivity: 1 = faces, 2 = edges too, 3 = corners too (in 2D, 4 and 8 neighbours).
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
    /// Whether basins are separated by a line of 0, one pixel wide.
    pub line: bool,
}

impl Default for Watershed {
    fn default() -> Self {
        Self {
            connectivity: 1,
            line: false,
        }
    }
}

impl Watershed {
    /// The label of each pixel's basin: that of its marker. Pixels outside the mask, and those no
    /// marker reaches, are 0. NaN is flooded last.
    ///
    /// # Errors
    /// [`AlgorithmError::ShapeMismatch`], [`AlgorithmError::Rank`] for more than 3 axes,
    /// [`AlgorithmError::Parameter`] for a connectivity outside 1 to the number of axes.
    pub fn apply<S: Sample, D: Dimension>(
        &self,
        image: &ArrayView<'_, S, D>,
        markers: &ArrayView<'_, u32, D>,
        mask: Option<&ArrayView<'_, bool, D>>,
    ) -> Result<Array<u32, D>, AlgorithmError> {
        check_connectivity(self.connectivity, image.ndim())?;
        let shape = shape_zyx(image.shape())?;
        let pair = ("the image", image.shape());
        same_shape(pair, ("the markers", markers.shape()))?;
        if let Some(mask) = mask {
            same_shape(pair, ("the mask", mask.shape()))?;
        }
        let flood = Flood {
            shape,
            offsets: offsets(self.connectivity),
            heights: image.iter().map(|value| height(value.to_f64())).collect(),
            open: mask.map(|mask| mask.iter().copied().collect()),
            labels: markers.iter().copied().collect(),
            queue: BinaryHeap::new(),
            age: 0,
        };
        let found = flood.run(self.line);
        let mut labels = Array::from_elem(image.raw_dim(), 0);
        if let Some(labels) = labels.as_slice_mut() {
            labels.copy_from_slice(&found);
        }
        Ok(labels)
    }
}

/// Neighbours in raster order.
fn offsets(connectivity: usize) -> Vec<[isize; 3]> {
    let all = (0..27).map(|index| [index / 9 - 1, index / 3 % 3 - 1, index % 3 - 1]);
    let moved = |offset: &[isize; 3]| offset.iter().filter(|&&step| step != 0).count();
    all.filter(|offset| (1..=connectivity).contains(&moved(offset)))
        .collect()
}

/// An integer that orders as the value does, NaN last.
fn height(value: f64) -> u64 {
    if value.is_nan() {
        return u64::MAX;
    }
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// A pixel to be flooded: height, age, index, label.
type Drop = Reverse<(u64, u64, usize, u32)>;

struct Flood {
    shape: [usize; 3],
    offsets: Vec<[isize; 3]>,
    heights: Vec<u64>,
    open: Option<Vec<bool>>,
    labels: Vec<u32>,
    queue: BinaryHeap<Drop>,
    age: u64,
}

impl Flood {
    fn run(mut self, line: bool) -> Vec<u32> {
        for index in 0..self.labels.len() {
            if !self.is_open(index) {
                self.labels[index] = 0;
            } else if self.labels[index] > 0 {
                self.push(index, self.labels[index]);
            }
        }
        let markers = self.queue.len() as u64;
        while let Some(Reverse((_, age, index, label))) = self.queue.pop() {
            let is_marker = age < markers;
            if line {
                if (!is_marker && self.labels[index] > 0) || self.is_between(index) {
                    continue;
                }
                self.labels[index] = label;
            }
            let at = self.position(index);
            for step in 0..self.offsets.len() {
                let Some(neighbour) = self.neighbour(at, step) else {
                    continue;
                };
                if self.labels[neighbour] > 0 {
                    continue;
                }
                if !line {
                    self.labels[neighbour] = label;
                }
                self.push(neighbour, label);
            }
        }
        self.labels
    }

    fn push(&mut self, index: usize, label: u32) {
        let drop = (self.heights[index], self.age, index, label);
        self.queue.push(Reverse(drop));
        self.age += 1;
    }

    fn is_open(&self, index: usize) -> bool {
        self.open.as_ref().is_none_or(|open| open[index])
    }

    /// Whether neighbours carry different labels.
    fn is_between(&self, index: usize) -> bool {
        let at = self.position(index);
        let around = (0..self.offsets.len()).filter_map(|step| self.neighbour(at, step));
        let mut labels = around
            .map(|neighbour| self.labels[neighbour])
            .filter(|&label| label > 0);
        let first = labels.next();
        labels.any(|label| Some(label) != first)
    }

    fn position(&self, index: usize) -> [usize; 3] {
        let [_, height, width] = self.shape;
        let row = index / width;
        [row / height, row % height, index % width]
    }

    /// A neighbour inside the image and the mask.
    fn neighbour(&self, at: [usize; 3], step: usize) -> Option<usize> {
        let [depth, height, width] = self.shape;
        let [dz, dy, dx] = self.offsets[step];
        let z = at[0].checked_add_signed(dz).filter(|&z| z < depth)?;
        let y = at[1].checked_add_signed(dy).filter(|&y| y < height)?;
        let x = at[2].checked_add_signed(dx).filter(|&x| x < width)?;
        let neighbour = (z * height + y) * width + x;
        self.is_open(neighbour).then_some(neighbour)
    }
}

#[cfg(test)]
mod tests;
