//! An image as runs of joined pixels along X.

use std::ops::Range;

use rayon::prelude::*;

use super::likeness::Likeness;
use super::union_find::UnionFind;
use crate::AlgorithmError;
use crate::simd::vectorized;

/// Neighbours that are compared together.
const BLOCK: usize = 64;

/// A stretch of pixels within one row, each joined to the next.
#[derive(Clone, Copy)]
struct Run {
    start: u32,
    end: u32,
}

/// All runs in raster order, where each row's runs are, and which runs belong together.
pub(super) struct Runs {
    runs: Vec<Run>,
    /// Run at which each row starts; one more entry than rows.
    row_starts: Vec<u32>,
    sets: UnionFind,
    width: usize,
}

/// The rows of an image `Z Y X` in C order, and which of them touch.
struct Image<'a, T, L> {
    pixels: &'a [T],
    height: usize,
    width: usize,
    connectivity: usize,
    likeness: L,
}

impl Runs {
    /// Runs of an image, joined over `connectivity`.
    ///
    /// Slabs of rows are worked on side by side; their borders are joined afterwards.
    pub(super) fn of<T: Copy + PartialEq + Default + Sync, L: Likeness<T>>(
        pixels: &[T],
        shape: [usize; 3],
        connectivity: usize,
        likeness: L,
    ) -> Result<Self, AlgorithmError> {
        let [depth, height, width] = shape;
        if let Some(&length) = shape.iter().find(|&&length| length >= u32::MAX as usize) {
            let expected = "below 4294967295 pixels";
            return Err(AlgorithmError::parameter(
                "the image's length",
                length,
                expected,
            ));
        }
        let image = Image {
            pixels,
            height,
            width,
            connectivity,
            likeness,
        };
        let rows = if width == 0 { 0 } else { depth * height };
        let slab = rows
            .div_ceil(4 * rayon::current_num_threads())
            .max(2 * height.min(rows).min(64))
            .max(1);
        let starts: Vec<usize> = (0..rows).step_by(slab).collect();
        let parts: Vec<Self> = starts
            .par_iter()
            .map(|&start| image.slab(start..(start + slab).min(rows)))
            .collect();
        let mut whole = Self::concatenate(parts, width)?;
        for &start in &starts[1.min(starts.len())..] {
            for row in start..(start + height + 1).min(rows) {
                image.join_earlier(&mut whole, row, 0, 0..start);
            }
        }
        Ok(whole)
    }

    fn concatenate(parts: Vec<Self>, width: usize) -> Result<Self, AlgorithmError> {
        let count: usize = parts.iter().map(|part| part.runs.len()).sum();
        if u32::try_from(count).is_err() {
            return Err(AlgorithmError::TooManyComponents);
        }
        let mut whole = Self {
            runs: Vec::with_capacity(count),
            row_starts: vec![0],
            sets: UnionFind::new(0),
            width,
        };
        for part in parts {
            let offset = whole.runs.len() as u32;
            whole.runs.extend(part.runs);
            let starts = part.row_starts[1..].iter().map(|start| start + offset);
            whole.row_starts.extend(starts);
            whole.sets.append(&part.sets);
        }
        Ok(whole)
    }

    /// The component number of each run, from 1, and how many components there are.
    pub(super) fn number(&mut self) -> (Vec<u32>, u32) {
        let mut numbers = vec![0; self.runs.len()];
        let mut count = 0;
        for index in 0..self.runs.len() {
            let root = self.sets.root(index as u32) as usize;
            if root == index {
                count += 1;
                numbers[index] = count;
            } else {
                numbers[index] = numbers[root];
            }
        }
        (numbers, count)
    }

    /// Writes each run's number into a label map in C order.
    pub(super) fn paint(&self, numbers: &[u32], labels: &mut [u32]) {
        let rows = labels.par_chunks_mut(self.width.max(1)).with_min_len(16);
        rows.enumerate().for_each(|(row, labels)| {
            for index in self.row(row) {
                let run = self.runs[index];
                labels[run.start as usize..run.end as usize].fill(numbers[index]);
            }
        });
    }

    fn row(&self, row: usize) -> Range<usize> {
        self.row_starts[row] as usize..self.row_starts[row + 1] as usize
    }
}

impl<T: Copy + PartialEq + Default, L: Likeness<T>> Image<'_, T, L> {
    /// Runs of some rows, joined among themselves.
    fn slab(&self, rows: Range<usize>) -> Runs {
        let mut slab = Runs {
            runs: Vec::new(),
            row_starts: vec![0],
            sets: UnionFind::new(0),
            width: self.width,
        };
        vectorized(
            #[inline(always)]
            || {
                for row in rows.clone() {
                    self.add_row(self.row(row), &mut slab.runs);
                    slab.row_starts.push(slab.runs.len() as u32);
                }
            },
        );
        slab.sets = UnionFind::new(slab.runs.len());
        for row in rows.clone() {
            self.join_earlier(&mut slab, row, rows.start, rows.start..row);
        }
        slab
    }

    fn row(&self, row: usize) -> &[T] {
        &self.pixels[row * self.width..][..self.width]
    }

    #[inline(always)]
    fn add_row(&self, row: &[T], runs: &mut Vec<Run>) {
        let mut start = 0;
        let mut end_run = |end: usize| {
            if row[start] != T::default() {
                runs.push(Run {
                    start: start as u32,
                    end: end as u32,
                });
            }
            start = end;
        };
        let mut borders = [0; BLOCK];
        for first in (1..row.len()).step_by(BLOCK) {
            let pixels = &row[first..(first + BLOCK).min(row.len())];
            let neighbours = pixels.iter().zip(&row[first - 1..]);
            for (border, (&pixel, &before)) in borders.iter_mut().zip(neighbours) {
                *border = u8::from(self.is_border(before, pixel));
            }
            borders[pixels.len()..].fill(0);
            let (words, _) = borders.as_chunks::<8>();
            for (index, &word) in words.iter().enumerate() {
                let mut bits = u64::from_le_bytes(word);
                while bits != 0 {
                    end_run(first + 8 * index + bits.trailing_zeros() as usize / 8);
                    bits &= bits - 1;
                }
            }
        }
        if !row.is_empty() {
            end_run(row.len());
        }
    }

    /// Whether a run of pixels or of background ends between two neighbours.
    #[inline(always)]
    fn is_border(&self, before: T, pixel: T) -> bool {
        let background = T::default();
        if L::IS_EQUALITY {
            return !self.likeness.is_alike(before, pixel);
        }
        let empty = [before == background, pixel == background];
        empty[0] != empty[1] || (!empty[0] && !self.likeness.is_alike(before, pixel))
    }

    /// Joins a row to those of the earlier rows around it that are in `among`. `first` is the row
    /// that `runs` start with.
    fn join_earlier(&self, runs: &mut Runs, row: usize, first: usize, among: Range<usize>) {
        let (z, y) = ((row / self.height) as isize, (row % self.height) as isize);
        let height = self.height as isize;
        for (dz, dy) in [(0, -1), (-1, -1), (-1, 0), (-1, 1)] {
            let steps = usize::from(dz != 0) + usize::from(dy != 0);
            let is_inside = z + dz >= 0 && (0..height).contains(&(y + dy));
            if !is_inside || steps > self.connectivity {
                continue;
            }
            let earlier = ((z + dz) * height + y + dy) as usize;
            if among.contains(&earlier) {
                // A step along X is left where the others have not used up the connectivity.
                let reach = u32::from(steps < self.connectivity);
                self.join_rows(runs, [row, earlier], first, reach);
            }
        }
    }

    /// Joins touching runs of two rows; both are sorted along X.
    fn join_rows(
        &self,
        runs: &mut Runs,
        [later, earlier]: [usize; 2],
        first_row: usize,
        reach: u32,
    ) {
        let others = runs.row(earlier - first_row);
        let pixels = [self.row(later), self.row(earlier)];
        let mut first = others.start;
        for index in runs.row(later - first_row) {
            let run = runs.runs[index];
            while first < others.end && runs.runs[first].end + reach <= run.start {
                first += 1;
            }
            for other in first..others.end {
                let candidate = runs.runs[other];
                if candidate.start >= run.end + reach {
                    break;
                }
                if self.touches(pixels, [run, candidate], reach) {
                    runs.sets.join(index as u32, other as u32);
                }
            }
        }
    }

    /// Whether any pixel of one run joins one of the other within `reach` along X.
    fn touches(&self, [row, other_row]: [&[T]; 2], [run, other]: [Run; 2], reach: u32) -> bool {
        if L::IS_EQUALITY {
            let (a, b) = (row[run.start as usize], other_row[other.start as usize]);
            return self.likeness.is_alike(a, b);
        }
        (run.start..run.end).any(|x| {
            let near = x.saturating_sub(reach).max(other.start)..(x + reach + 1).min(other.end);
            let value = row[x as usize];
            near.into_iter()
                .any(|x| self.likeness.is_alike(value, other_row[x as usize]))
        })
    }
}
