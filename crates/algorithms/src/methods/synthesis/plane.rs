//! A channel on which masks keep a gap.

use ndarray::{Array2, ArrayViewMut2, s};

/// A mask and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedMask {
    /// The pixels, `[Y, X]`.
    pub mask: Array2<bool>,
    /// Where its first pixel lies on the canvas, `Y X`; may be outside.
    pub top_left: [i64; 2],
}

impl PlacedMask {
    /// Pixels inside as runs of rows: row, first and past-the-last column on the canvas.
    pub(super) fn runs(&self) -> impl Iterator<Item = (i64, i64, i64)> + '_ {
        let [top, left] = self.top_left;
        let rows = self.mask.outer_iter().zip(top..);
        rows.flat_map(move |(row, y)| {
            let mut runs: Vec<(i64, i64, i64)> = Vec::new();
            for (_, x) in row.iter().zip(left..).filter(|(inside, _)| **inside) {
                match runs.last_mut() {
                    Some((_, _, end)) if *end == x => *end += 1,
                    _ => runs.push((y, x, x + 1)),
                }
            }
            runs
        })
    }

    /// Whether all its pixels are on a canvas.
    pub(super) fn is_inside(&self, (height, width): (usize, usize)) -> bool {
        self.runs()
            .all(|(y, from, to)| (0..height as i64).contains(&y) && from >= 0 && to <= width as i64)
    }

    /// Mean row and column of its pixels; nothing without pixels.
    pub(super) fn centroid(&self) -> Option<[f64; 2]> {
        let (mut count, mut sums) = (0, [0.0; 2]);
        for (y, from, to) in self.runs() {
            let pixels = (to - from) as f64;
            count += to - from;
            sums[0] += y as f64 * pixels;
            sums[1] += (from + to - 1) as f64 / 2.0 * pixels;
        }
        (count > 0).then(|| sums.map(|sum| sum / count as f64))
    }
}

/// Cuts a run to a canvas; nothing if it lies outside.
pub(super) fn on_canvas(
    (height, width): (usize, usize),
    (y, from, to): (i64, i64, i64),
) -> Option<(usize, std::ops::Range<usize>)> {
    let (from, to) = (from.max(0), to.min(width as i64));
    ((0..height as i64).contains(&y) && from < to)
        .then_some((y as usize, from as usize..to as usize))
}

/// Pixels that no further mask may have: those of the masks so far, grown by the gap.
pub(super) struct Plane {
    blocked: Array2<bool>,
    gap: i64,
}

impl Plane {
    pub(super) fn new(canvas: (usize, usize), gap: usize) -> Self {
        // A gap beyond the canvas blocks all of it, as one of its size does.
        let gap = gap.min(canvas.0.max(canvas.1)) as i64;
        Self {
            blocked: Array2::from_elem(canvas, false),
            gap,
        }
    }

    pub(super) fn fits(&self, mask: &PlacedMask) -> bool {
        mask.runs()
            .filter_map(|run| on_canvas(self.blocked.dim(), run))
            .all(|(y, columns)| self.blocked.slice(s![y, columns]).iter().all(|&b| !b))
    }

    pub(super) fn place(&mut self, mask: &PlacedMask) {
        let canvas = self.blocked.dim();
        for (y, from, to) in mask.runs() {
            // Only the part on the canvas is there to keep a distance from.
            let Some((y, columns)) = on_canvas(canvas, (y, from, to)) else {
                continue;
            };
            let (y, from, to) = (y as i64, columns.start as i64, columns.end as i64);
            for row in y - self.gap..=y + self.gap {
                let grown = (row, from - self.gap, to + self.gap);
                if let Some((row, columns)) = on_canvas(canvas, grown) {
                    self.blocked.slice_mut(s![row, columns]).fill(true);
                }
            }
        }
    }
}

/// Draws a mask's pixels.
pub(super) fn draw(layer: &mut ArrayViewMut2<'_, bool>, mask: &PlacedMask) {
    let canvas = layer.dim();
    for (y, columns) in mask.runs().filter_map(|run| on_canvas(canvas, run)) {
        layer.slice_mut(s![y, columns]).fill(true);
    }
}
