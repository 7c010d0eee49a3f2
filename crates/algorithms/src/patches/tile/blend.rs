//! The weighted average of overlapping tiles.

use std::collections::VecDeque;

use ndarray::{Array2, Array3, Array4, ArrayView3, ArrayView4, Axis, Zip, s};

use crate::AlgorithmError;

/// A finished part of the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// First pixel, `Z Y X`.
    pub start: [usize; 3],
    /// Blended values, `C Z Y X`.
    pub values: Array4<f32>,
}

/// Sums of one plane across the streamed axis.
struct Plane {
    /// Weighted values, `C` and the two other axes.
    sum: Array3<f32>,
    weight: Array2<f32>,
}

/// Averages overlapping tiles of an image `C Z Y X`: `sum(w * y) / sum(w)` in `f32`.
///
/// Planes are held along Z (along Y if Z is 1) only from the first unfinished one to the last that
/// a tile has reached. A caller that adds tiles in the order of [`super::positions`] and calls
/// [`Blender::finish_until`] with the next tile's start needs memory for one tile's depth of
/// planes, whatever the length of the stack.
///
/// Sums depend on the order of the tiles only through rounding; the same order gives the same
/// bits.
pub struct Blender {
    channels: usize,
    shape: [usize; 3],
    /// Index into `Z Y X` of the axis along which planes are held.
    axis: usize,
    /// First plane that is not handed out yet.
    first: usize,
    planes: VecDeque<Plane>,
}

impl Blender {
    /// For an image of the given channels and `[Z, Y, X]`.
    pub fn new(channels: usize, shape: [usize; 3]) -> Self {
        let axis = usize::from(shape[0] == 1);
        Self {
            channels,
            shape,
            axis,
            first: 0,
            planes: VecDeque::new(),
        }
    }

    /// The axis of `Z Y X` (0 or 1) along which finished parts can be taken out.
    pub fn streamed_axis(&self) -> usize {
        self.axis
    }

    /// Adds a tile `C Z Y X` whose first pixel lies at `start` (`Z Y X`), with `weights` `Z Y X`.
    ///
    /// # Errors
    /// [`AlgorithmError::ShapeMismatch`] if weights or channels do not fit,
    /// [`AlgorithmError::TileOutside`] if the tile leaves the image or reaches into planes that
    /// were finished.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "views are handles, as slices are"
    )]
    pub fn add(
        &mut self,
        start: [usize; 3],
        tile: ArrayView4<'_, f32>,
        weights: ArrayView3<'_, f32>,
    ) -> Result<(), AlgorithmError> {
        self.check(start, &tile, &weights)?;
        let length = tile.shape()[self.axis + 1];
        let past = start[self.axis] + length;
        while self.first + self.planes.len() < past {
            self.planes.push_back(self.empty_plane());
        }
        let offset = start[self.axis] - self.first;
        let [row, column] = self.in_plane(start);
        for (index, plane) in self.planes.range_mut(offset..offset + length).enumerate() {
            let weights = weights.index_axis(Axis(self.axis), index);
            let (height, width) = weights.dim();
            let window = s![row..row + height, column..column + width];
            let mut total = plane.weight.slice_mut(window);
            total += &weights;
            let values = tile.index_axis(Axis(self.axis + 1), index);
            for (mut sum, values) in plane.sum.outer_iter_mut().zip(values.outer_iter()) {
                Zip::from(sum.slice_mut(window))
                    .and(values)
                    .and(weights)
                    .for_each(|sum, &value, &weight| *sum += weight * value);
            }
        }
        Ok(())
    }

    /// Hands out all planes before index `end` of the streamed axis, `None` if there are none
    /// left. No later tile may reach into them.
    ///
    /// # Errors
    /// [`AlgorithmError::Uncovered`] if a pixel there has no weight.
    pub fn finish_until(&mut self, end: usize) -> Result<Option<Block>, AlgorithmError> {
        let end = end.min(self.shape[self.axis]);
        if end <= self.first {
            return Ok(None);
        }
        let mut shape = self.shape;
        shape[self.axis] = end - self.first;
        let mut start = [0; 3];
        start[self.axis] = self.first;
        let mut values = Array4::zeros((self.channels, shape[0], shape[1], shape[2]));
        let mut uncovered = 0;
        for index in 0..shape[self.axis] {
            let plane = self
                .planes
                .pop_front()
                .unwrap_or_else(|| self.empty_plane());
            uncovered += plane.weight.iter().filter(|&&weight| weight <= 0.0).count();
            let mut out = values.index_axis_mut(Axis(self.axis + 1), index);
            for (mut out, sum) in out.outer_iter_mut().zip(plane.sum.outer_iter()) {
                Zip::from(&mut out)
                    .and(sum)
                    .and(&plane.weight)
                    .for_each(|out, &sum, &weight| *out = sum / weight);
            }
        }
        self.first = end;
        if uncovered > 0 {
            return Err(AlgorithmError::Uncovered { count: uncovered });
        }
        Ok(Some(Block { start, values }))
    }

    /// The rest of the image; all of it if [`Blender::finish_until`] was never called.
    ///
    /// # Errors
    /// [`AlgorithmError::Uncovered`] if a pixel has no weight.
    pub fn finish(mut self) -> Result<Array4<f32>, AlgorithmError> {
        let block = self.finish_until(usize::MAX)?;
        let mut empty = self.shape;
        empty[self.axis] = 0;
        Ok(block.map_or_else(
            || Array4::zeros((self.channels, empty[0], empty[1], empty[2])),
            |block| block.values,
        ))
    }

    /// The two coordinates within a plane.
    fn in_plane(&self, [z, y, x]: [usize; 3]) -> [usize; 2] {
        if self.axis == 0 { [y, x] } else { [z, x] }
    }

    fn empty_plane(&self) -> Plane {
        let [height, width] = self.in_plane(self.shape);
        Plane {
            sum: Array3::zeros((self.channels, height, width)),
            weight: Array2::zeros((height, width)),
        }
    }

    fn check(
        &self,
        start: [usize; 3],
        tile: &ArrayView4<'_, f32>,
        weights: &ArrayView3<'_, f32>,
    ) -> Result<(), AlgorithmError> {
        let expected = [&[self.channels], weights.shape()].concat();
        if tile.shape() != expected {
            return Err(AlgorithmError::ShapeMismatch {
                left: "the tile",
                left_shape: tile.shape().to_vec(),
                right: "its weights with the image's channels",
                right_shape: expected,
            });
        }
        let inside = (0..3).all(|axis| start[axis] + weights.shape()[axis] <= self.shape[axis]);
        if !inside || start[self.axis] < self.first {
            return Err(AlgorithmError::TileOutside {
                start: start.to_vec(),
                tile: weights.shape().to_vec(),
                open: [self.first, self.shape[self.axis]],
                shape: self.shape.to_vec(),
            });
        }
        Ok(())
    }
}
