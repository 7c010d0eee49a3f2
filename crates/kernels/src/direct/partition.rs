//! How a convolution is cut into work items, by sizes alone.

use std::ops::Range;

use super::grid::{Axis, Grid};

/// How the pixels of a [`View`](super::slab::View) lie in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct PixelForm {
    /// Values from one pixel to the next: 1, 2, 4, 8 or 16.
    pub(super) step: usize,
    /// Input channels among these values.
    pub(super) lanes: usize,
    /// Blocks of channels.
    pub(super) blocks: usize,
}

/// A box of grid points of one image.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub(super) image: usize,
    /// Which of several grids.
    pub(super) grid: usize,
    /// Grid points along Z, Y and X.
    pub(super) points: [Range<usize>; 3],
}

impl Region {
    /// Grid points along each axis.
    pub(super) fn counts(&self) -> [usize; 3] {
        [0, 1, 2].map(|axis| self.points[axis].len())
    }

    /// The first grid point.
    pub(super) fn first(&self) -> [usize; 3] {
        [0, 1, 2].map(|axis| self.points[axis].start)
    }
}

/// Bytes of input that a region may need. With the weights of two output blocks and the output it
/// fits the second-level cache of every processor of the last ten years or so.
const SLAB: usize = 512 << 10;
/// Multiply-adds below which an item is not worth the trouble of handing it out.
const LEAST_WORK: usize = 1 << 20;
/// The longest stretch of a row. Longer ones make flat regions, whose margins cost more.
const COLUMNS: usize = 256;
/// The same where there is but one row and no margin above and below it.
const COLUMNS_OF_SINGLE_ROW: usize = 1024;
/// The shortest stretch of a row, two register tiles of AVX-512.
const LEAST_COLUMNS: usize = 28;

/// Cuts `count` into near-equal ranges of at most `most`.
pub(super) fn ranges(count: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = count.div_ceil(most);
    (0..parts).map(move |part| part * count / parts..(part + 1) * count / parts)
}

/// What the grids have in common.
struct Sizes {
    counts: [usize; 3],
    strides: [usize; 3],
    spans: [usize; 3],
    pixel_bytes: usize,
}

impl Sizes {
    fn of(grids: &[Grid], form: PixelForm) -> Self {
        let most = |value: fn(&Axis) -> usize| {
            [0, 1, 2].map(|axis| {
                let values = grids.iter().map(|grid| value(&grid.axes[axis]));
                values.max().unwrap_or(0)
            })
        };
        Self {
            counts: most(|axis| axis.count),
            strides: most(|axis| axis.stride),
            spans: most(Axis::span),
            pixel_bytes: form.blocks * form.step * size_of::<f32>(),
        }
    }

    /// Input pixels that `points` grid points see along an axis.
    fn window(&self, axis: usize, points: usize) -> usize {
        (points - 1) * self.strides[axis] + self.spans[axis]
    }

    fn columns(&self) -> usize {
        let most = if self.counts[1] == 1 && self.spans[1] == 1 {
            COLUMNS_OF_SINGLE_ROW
        } else {
            COLUMNS
        };
        let count = self.counts[2];
        let smallest = self.window(0, 1) * self.window(1, 1) * self.pixel_bytes;
        let mut columns = count.div_ceil(count.div_ceil(most));
        while smallest * self.window(2, columns) > SLAB && columns > LEAST_COLUMNS {
            columns = columns.div_ceil(2);
        }
        columns
    }

    /// The planes and rows whose margins are the smallest part of what they need.
    fn planes_and_rows(&self, columns: usize) -> [usize; 2] {
        let mut best = ([1, 1], 0.0);
        for planes in 1..=self.counts[0].min(8) {
            let row_bytes = self.window(0, planes) * self.window(2, columns) * self.pixel_bytes;
            let window = SLAB / row_bytes;
            if window < self.spans[1] {
                break;
            }
            let rows = ((window - self.spans[1]) / self.strides[1] + 1).min(self.counts[1]);
            let seen = self.window(0, planes) * self.window(1, rows);
            let share = (planes * rows) as f64 / seen as f64;
            if share > best.1 {
                best = ([planes, rows], share);
            }
        }
        best.0
    }
}

/// The work items of a convolution: how its output is cut, and how often each item is cut again
/// along the groups of output channels.
pub(super) struct Partition {
    pub(super) regions: Vec<Region>,
    pub(super) groups: Vec<Range<usize>>,
}

/// What the items of a partition should be.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// Items that keep many threads busy.
    pub(super) items: usize,
    /// Groups of output channels that may be computed by themselves.
    pub(super) groups: usize,
    /// Multiply-adds of a grid point and group.
    pub(super) work: usize,
}

/// Cuts the output of a convolution.
///
/// Regions are as large as their input fits the cache, but enough for many threads; splitting the
/// output channels costs less than flatter regions, so this comes first.
pub(super) fn partition(
    grids: &[Grid],
    images: usize,
    form: PixelForm,
    wanted: Wanted,
) -> Partition {
    let Wanted { groups, work, .. } = wanted;
    let sizes = Sizes::of(grids, form);
    if images == 0 || groups == 0 || sizes.counts.contains(&0) {
        return Partition {
            regions: Vec::new(),
            groups: Vec::new(),
        };
    }
    let columns = sizes.columns();
    let [mut planes, mut rows] = sizes.planes_and_rows(columns);
    let [count_z, count_y, count_x] = sizes.counts;
    let row_items = images * grids.len() * count_x.div_ceil(columns);
    let items =
        |planes: usize, rows: usize| row_items * count_z.div_ceil(planes) * count_y.div_ceil(rows);

    let item_work = planes * rows * columns * work;
    let worthwhile = (item_work * groups / LEAST_WORK).clamp(1, groups);
    let splits = wanted.items.div_ceil(items(planes, rows)).min(worthwhile);
    let split_groups = groups.div_ceil(splits);

    let row_work = columns * work * split_groups;
    while items(planes, rows) * splits < wanted.items && planes * rows > 1 {
        if (planes * rows).div_ceil(2) * row_work < LEAST_WORK {
            break;
        }
        if planes > 1 {
            planes = planes.div_ceil(2);
        } else {
            rows = rows.div_ceil(2);
        }
    }

    let mut regions = Vec::new();
    for image in 0..images {
        for z in ranges(count_z, planes) {
            for y in ranges(count_y, rows) {
                for x in ranges(count_x, columns) {
                    // The grids of a transposed convolution read the same pixels.
                    for (grid, Grid { axes, .. }) in grids.iter().enumerate() {
                        let clip = |range: &Range<usize>, axis: usize| {
                            range.start..range.end.min(axes[axis].count)
                        };
                        let points = [clip(&z, 0), clip(&y, 1), clip(&x, 2)];
                        if !points.iter().any(Range::is_empty) {
                            regions.push(Region {
                                image,
                                grid,
                                points,
                            });
                        }
                    }
                }
            }
        }
    }
    Partition {
        regions,
        groups: ranges(groups, split_groups).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_near_equal_and_follow_each_other() {
        let found: Vec<_> = ranges(10, 4).collect();
        assert_eq!(found, [0..3, 3..6, 6..10]);
        assert_eq!(ranges(0, 4).count(), 0);
    }
}
