//! Instances that were found tile by tile, joined to one label image.

use std::collections::{BTreeMap, VecDeque};

use ndarray::{Array2, Array3, ArrayView3, Axis, Zip, s};

use crate::AlgorithmError;

/// Two objects are one if their intersection over union within the overlap is at least this.
const SAME_IOU: f64 = 0.5;

/// Joins label tiles that overlap: an object of a tile that agrees with one placed before, by an
/// intersection over union of at least 0.5 within the overlap, gets its label; others get the next
/// free one. Pixels that an earlier tile gave to an object stay with it.
///
/// An object is found whole if the overlap is at least as wide as it. Planes are held along Z
/// (along Y if Z is 1) from the first unfinished one to the last that a tile has reached, as
/// [`Blender`](crate::patches::tile::Blender) does; tiles come in the order of
/// [`positions`](crate::patches::tile::positions).
pub struct Stitcher {
    shape: [usize; 3],
    axis: usize,
    first: usize,
    planes: VecDeque<Plane>,
    count: u32,
}

struct Plane {
    labels: Array2<u32>,
    is_covered: Array2<bool>,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "views are handles, as slices are"
)]
impl Stitcher {
    /// For an image `[Z, Y, X]`.
    pub fn new(shape: [usize; 3]) -> Stitcher {
        Stitcher {
            shape,
            axis: usize::from(shape[0] == 1),
            first: 0,
            planes: VecDeque::new(),
            count: 0,
        }
    }

    /// The number of objects so far.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The axis of `Z Y X` (0 or 1) along which finished parts can be taken out.
    pub fn streamed_axis(&self) -> usize {
        self.axis
    }

    /// Places a tile whose first pixel lies at `start`.
    ///
    /// # Errors
    ///
    /// [`AlgorithmError::TileOutside`] if it leaves the image or reaches into planes that were
    /// finished, [`AlgorithmError::TooManyComponents`].
    pub fn add(
        &mut self,
        start: [usize; 3],
        tile: ArrayView3<'_, u32>,
    ) -> Result<(), AlgorithmError> {
        let size = tile.shape();
        let is_inside = (0..3).all(|axis| start[axis] + size[axis] <= self.shape[axis]);
        if !is_inside || start[self.axis] < self.first {
            return Err(AlgorithmError::TileOutside {
                start: start.to_vec(),
                tile: size.to_vec(),
                open: [self.first, self.shape[self.axis]],
                shape: self.shape.to_vec(),
            });
        }
        let past = start[self.axis] + size[self.axis];
        while self.first + self.planes.len() < past {
            self.planes.push_back(self.empty_plane());
        }
        let numbers = self.numbers(start, tile)?;
        self.for_planes(start, tile, |labels, is_covered, tile| {
            Zip::from(labels)
                .and(is_covered)
                .and(tile)
                .for_each(|label, is_covered, &new| {
                    if *label == 0 {
                        *label = numbers.get(&new).copied().unwrap_or(0);
                    }
                    *is_covered = true;
                });
        });
        Ok(())
    }

    /// Hands out all planes before index `end` of the streamed axis with the index of the first of
    /// them; `None` if there are none left.
    pub fn finish_until(&mut self, end: usize) -> Option<(usize, Array3<u32>)> {
        let end = end.min(self.shape[self.axis]);
        if end <= self.first {
            return None;
        }
        let start = self.first;
        let mut shape = self.shape;
        shape[self.axis] = end - start;
        let mut out = Array3::zeros(shape);
        for mut to in out.axis_iter_mut(Axis(self.axis)) {
            if let Some(plane) = self.planes.pop_front() {
                to.assign(&plane.labels);
            }
        }
        self.first = end;
        Some((start, out))
    }

    /// The label in the image of each object of the tile.
    fn numbers(
        &mut self,
        start: [usize; 3],
        tile: ArrayView3<'_, u32>,
    ) -> Result<BTreeMap<u32, u32>, AlgorithmError> {
        let mut overlaps: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let mut new_sizes: BTreeMap<u32, u64> = BTreeMap::new();
        let mut old_sizes: BTreeMap<u32, u64> = BTreeMap::new();
        self.for_planes(start, tile, |labels, is_covered, tile| {
            Zip::from(labels).and(is_covered).and(tile).for_each(
                |&mut old, &mut is_covered, &new| {
                    if new != 0 {
                        // Also objects outside the overlap are to be known.
                        *new_sizes.entry(new).or_default() += u64::from(is_covered);
                    }
                    if is_covered && old != 0 {
                        *old_sizes.entry(old).or_default() += 1;
                        if new != 0 {
                            *overlaps.entry((new, old)).or_default() += 1;
                        }
                    }
                },
            );
        });
        let mut numbers = BTreeMap::new();
        for (&new, &new_size) in &new_sizes {
            let same = overlaps
                .range((new, 0)..=(new, u32::MAX))
                .map(|(&(_, old), &both)| {
                    let union = new_size + old_sizes[&old] - both;
                    (both as f64 / union as f64, old)
                })
                // At the same overlap the object with the smaller label.
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
                .filter(|&(share, _)| share >= SAME_IOU);
            let number = if let Some((_, old)) = same {
                old
            } else {
                self.count = self
                    .count
                    .checked_add(1)
                    .ok_or(AlgorithmError::TooManyComponents)?;
                self.count
            };
            numbers.insert(new, number);
        }
        Ok(numbers)
    }

    /// Calls `see` with the part of each held plane that the tile lies on, and the tile's plane.
    fn for_planes(
        &mut self,
        start: [usize; 3],
        tile: ArrayView3<'_, u32>,
        mut see: impl FnMut(
            ndarray::ArrayViewMut2<'_, u32>,
            ndarray::ArrayViewMut2<'_, bool>,
            ndarray::ArrayView2<'_, u32>,
        ),
    ) {
        let length = tile.len_of(Axis(self.axis));
        let offset = start[self.axis] - self.first;
        let [row, column] = self.in_plane(start);
        for (index, plane) in self.planes.range_mut(offset..offset + length).enumerate() {
            let tile = tile.index_axis(Axis(self.axis), index);
            let (height, width) = tile.dim();
            let window = s![row..row + height, column..column + width];
            see(
                plane.labels.slice_mut(window),
                plane.is_covered.slice_mut(window),
                tile,
            );
        }
    }

    fn in_plane(&self, [z, y, x]: [usize; 3]) -> [usize; 2] {
        if self.axis == 0 { [y, x] } else { [z, x] }
    }

    fn empty_plane(&self) -> Plane {
        let shape = self.in_plane(self.shape);
        Plane {
            labels: Array2::zeros(shape),
            is_covered: Array2::from_elem(shape, false),
        }
    }
}
