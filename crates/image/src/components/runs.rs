//! An image as runs of equal non-zero pixels along X.

use std::ops::Range;

use super::union_find::UnionFind;
use crate::AlgorithmError;

/// A stretch of equal non-zero pixels within one row.
struct Run<T> {
    start: usize,
    end: usize,
    value: T,
}

/// All runs in raster order, and where each row's runs are.
pub(super) struct Runs<T> {
    runs: Vec<Run<T>>,
    /// Run index at which row `z * Y + y` starts; one more entry than rows.
    row_starts: Vec<usize>,
    shape: [usize; 3],
}

impl<T: Copy + PartialEq + Default> Runs<T> {
    /// Runs of an image `Z Y X` in C order.
    pub(super) fn of(pixels: &[T], shape: [usize; 3]) -> Result<Self, AlgorithmError> {
        let mut runs = Vec::new();
        let mut row_starts = Vec::with_capacity(shape[0] * shape[1] + 1);
        row_starts.push(0);
        for row in pixels.chunks_exact(shape[2].max(1)) {
            add_row(row, &mut runs);
            row_starts.push(runs.len());
        }
        if u32::try_from(runs.len()).is_err() {
            return Err(AlgorithmError::TooManyComponents);
        }
        row_starts.resize(shape[0] * shape[1] + 1, runs.len());
        Ok(Self {
            runs,
            row_starts,
            shape,
        })
    }

    /// The component number of each run, from 1, and how many components there are.
    pub(super) fn number(&self, connectivity: usize) -> (Vec<u32>, u32) {
        let mut sets = UnionFind::new(self.runs.len());
        let [depth, height, _] = self.shape;
        for z in 0..depth {
            for y in 0..height {
                for (earlier, reach) in self.earlier_rows(z, y, connectivity) {
                    self.join_rows(
                        self.row(z * height + y),
                        self.row(earlier),
                        reach,
                        &mut sets,
                    );
                }
            }
        }
        let mut numbers = vec![0; self.runs.len()];
        let mut count = 0;
        for index in 0..self.runs.len() {
            let root = sets.root(index as u32) as usize;
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
        let width = self.shape[2];
        for row in 0..self.row_starts.len() - 1 {
            for index in self.row(row) {
                let run = &self.runs[index];
                labels[row * width + run.start..row * width + run.end].fill(numbers[index]);
            }
        }
    }

    fn row(&self, row: usize) -> Range<usize> {
        self.row_starts[row]..self.row_starts[row + 1]
    }

    /// Rows before (z, y) that may touch it, each with how many pixels a run reaches beyond its
    /// ends there (1 where the offset budget leaves room for a step along X, else 0).
    fn earlier_rows(
        &self,
        z: usize,
        y: usize,
        connectivity: usize,
    ) -> impl Iterator<Item = (usize, usize)> {
        let height = self.shape[1] as isize;
        let offsets = [(0, -1_isize), (-1_isize, -1), (-1, 0), (-1, 1)];
        offsets.into_iter().filter_map(move |(dz, dy)| {
            let steps = usize::from(dz != 0) + usize::from(dy != 0);
            let (z, y) = (z as isize + dz, y as isize + dy);
            let inside = z >= 0 && (0..height).contains(&y) && steps <= connectivity;
            inside.then(|| ((z * height + y) as usize, usize::from(steps < connectivity)))
        })
    }

    /// Joins touching runs of equal value of two rows; both rows are sorted along X.
    fn join_rows(
        &self,
        later: Range<usize>,
        earlier: Range<usize>,
        reach: usize,
        sets: &mut UnionFind,
    ) {
        let mut first = earlier.start;
        for index in later {
            let run = &self.runs[index];
            while first < earlier.end && self.runs[first].end + reach <= run.start {
                first += 1;
            }
            for other in first..earlier.end {
                if self.runs[other].start >= run.end + reach {
                    break;
                }
                if self.runs[other].value == run.value {
                    sets.join(index as u32, other as u32);
                }
            }
        }
    }
}

fn add_row<T: Copy + PartialEq + Default>(row: &[T], runs: &mut Vec<Run<T>>) {
    let background = T::default();
    let mut start = 0;
    while start < row.len() {
        let value = row[start];
        let length = row[start..]
            .iter()
            .take_while(|&&other| other == value)
            .count()
            .max(1);
        if value != background {
            runs.push(Run {
                start,
                end: start + length,
                value,
            });
        }
        start += length;
    }
}
