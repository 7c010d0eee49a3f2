//! Outlines to masks.

use super::rle::{Rle, check_size};
use crate::AlgorithmError;

/// Outlines are walked on a grid this much finer than the pixels.
const FINE: f64 = 5.0;

/// Steep edges of more points are searched for changes of the column instead of walked.
const LONG_POINTS: i64 = 1 << 10;

/// Vertices beyond this many pixels from the origin are refused.
const FARTHEST_PIXELS: f64 = 1e6;

/// The mask of one outline `x, y, x, y, ...` in an image of `height` x `width` pixels, as
/// pycocotools makes it: even-odd along columns, and cut at the image's edges.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for fewer than three vertices, an odd number of coordinates, or a
/// coordinate that is not finite or beyond a million pixels from the image.
pub fn polygon_mask(xy: &[f64], height: usize, width: usize) -> Result<Rle, AlgorithmError> {
    let (rows, columns) = check_size(height, width)?;
    if xy.len() < 6 || xy.len() % 2 == 1 {
        let expected = "an even number of at least 6";
        return Err(AlgorithmError::parameter(
            "the number of coordinates",
            xy.len(),
            expected,
        ));
    }
    if let Some(&bad) = xy.iter().find(|v| v.is_nan() || v.abs() > FARTHEST_PIXELS) {
        let expected = format!("at most {FARTHEST_PIXELS} pixels from the origin");
        return Err(AlgorithmError::parameter("the coordinate", bad, expected));
    }
    if rows == 0 || columns == 0 {
        return Rle::new(height, width, vec![0]);
    }
    let mut crossings = crossings(xy, i64::from(rows), i64::from(columns));
    crossings.sort_unstable();
    Rle::new(height, width, runs(&crossings, rows * columns))
}

/// The mask of an object of several outlines: their union.
///
/// # Errors
/// As [`polygon_mask`], and [`AlgorithmError::Empty`] without outlines.
pub fn polygons_mask(
    outlines: &[Vec<f64>],
    height: usize,
    width: usize,
) -> Result<Rle, AlgorithmError> {
    let masks: Vec<Rle> = outlines
        .iter()
        .map(|xy| polygon_mask(xy, height, width))
        .collect::<Result<_, _>>()?;
    if let [mask] = &masks[..] {
        return Ok(mask.clone());
    }
    if masks.is_empty() {
        return Err(AlgorithmError::Empty {
            what: "the list of outlines",
        });
    }
    Rle::union(&masks)
}

/// Indices down the columns at which inside and outside change.
fn crossings(xy: &[f64], height: i64, width: i64) -> Vec<u32> {
    let fine = |value: f64| (FINE * value + 0.5) as i64;
    let vertices: Vec<(i64, i64)> = xy
        .chunks_exact(2)
        .map(|pair| (fine(pair[0]), fine(pair[1])))
        .collect();
    let last = FINE as i64 * width;
    let mut found = Vec::new();
    let mut before: Option<(i64, i64)> = None;
    for (index, &from) in vertices.iter().enumerate() {
        let to = vertices[(index + 1) % vertices.len()];
        walk(from, to, last, |point| {
            let previous = before.replace(point);
            if let Some(previous) = previous.filter(|previous| previous.0 != point.0) {
                found.extend(crossing(previous, point, height, width));
            }
        });
    }
    found
}

/// Points of an edge in the direction of travel, as [`Edge`] has them, without those beside the
/// columns `0..=last` and those in long rows of points of one column: neither change a column.
fn walk(from: (i64, i64), to: (i64, i64), last: i64, mut emit: impl FnMut((i64, i64))) {
    let edge = Edge::new(from, to);
    // Whole columns beyond the sides are left and entered at the same point.
    let is_left = |t: &i64| edge.column(*t) < -1;
    let is_inside = |t: &i64| edge.column(*t) <= last + 1;
    let (low, high) = if edge.column(0) <= edge.column(edge.length) {
        (
            edge.first_without(is_left),
            edge.first_without(is_inside) - 1,
        )
    } else {
        let low = edge.first_without(|t| !is_inside(t));
        (low, edge.first_without(|t| !is_left(t)) - 1)
    };
    if edge.is_wide || high - low < LONG_POINTS {
        for step in low..=high {
            emit(edge.point(if edge.is_flipped {
                low + high - step
            } else {
                step
            }));
        }
        return;
    }
    edge.walk_changes(low, high, emit);
}

/// An edge as points one step apart along its longer axis, both ends included.
struct Edge {
    /// The end with the smaller coordinate along the longer axis, from which the other coordinate is
    /// measured.
    start: (i64, i64),
    slope: f64,
    length: i64,
    is_wide: bool,
    /// Whether the direction of travel is towards the start.
    is_flipped: bool,
}

impl Edge {
    fn new(from: (i64, i64), to: (i64, i64)) -> Edge {
        let (dx, dy) = ((to.0 - from.0).abs(), (to.1 - from.1).abs());
        let is_wide = dx >= dy;
        let is_flipped = (is_wide && from.0 > to.0) || (!is_wide && from.1 > to.1);
        let (start, end) = if is_flipped { (to, from) } else { (from, to) };
        let length = dx.max(dy);
        let rise = if is_wide {
            end.1 - start.1
        } else {
            end.0 - start.0
        };
        Edge {
            start,
            slope: if length == 0 {
                0.0
            } else {
                rise as f64 / length as f64
            },
            length,
            is_wide,
            is_flipped,
        }
    }

    fn point(&self, t: i64) -> (i64, i64) {
        let other = |start: i64| (start as f64 + self.slope * t as f64 + 0.5) as i64;
        if self.is_wide {
            (self.start.0 + t, other(self.start.1))
        } else {
            (other(self.start.0), self.start.1 + t)
        }
    }

    fn column(&self, t: i64) -> i64 {
        self.point(t).0
    }

    /// The first point from the start on for which `holds` ends to hold; columns never turn back.
    fn first_without(&self, holds: impl Fn(&i64) -> bool) -> i64 {
        partition(0, self.length + 1, holds)
    }

    /// The points on both sides of each change of the column.
    fn walk_changes(&self, low: i64, high: i64, mut emit: impl FnMut((i64, i64))) {
        let mut changes = Vec::new();
        let mut t = low;
        while t <= high {
            let column = self.column(t);
            let next = partition(t, high + 1, |t| self.column(*t) == column);
            changes.push(t);
            changes.push(next - 1);
            t = next;
        }
        if self.is_flipped {
            changes.reverse();
        }
        for t in changes {
            emit(self.point(t));
        }
    }
}

/// The first of `low..high` for which `holds` is false, `high` if there is none; it holds up to
/// there.
fn partition(mut low: i64, mut high: i64, holds: impl Fn(&i64) -> bool) -> i64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(&middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Where the step from one fine point to the next changes the column of pixel centres.
fn crossing(
    (u_before, v_before): (i64, i64),
    (u, v): (i64, i64),
    height: i64,
    width: i64,
) -> Option<u32> {
    let column = if u < u_before { u } else { u - 1 };
    let column = (column as f64 + 0.5) / FINE - 0.5;
    if column.floor() != column || column < 0.0 || column > (width - 1) as f64 {
        return None;
    }
    let row = (v_before.min(v) as f64 + 0.5) / FINE - 0.5;
    let row = row.clamp(0.0, height as f64).ceil();
    Some((column as i64 * height + row as i64) as u32)
}

/// Differences of sorted crossings, with runs of length 0 merged.
fn runs(crossings: &[u32], pixels: u32) -> Vec<u32> {
    let ends = crossings.iter().copied().chain([pixels]);
    let mut before = 0;
    let differences = ends.map(|end| end - std::mem::replace(&mut before, end));
    let mut counts: Vec<u32> = Vec::with_capacity(crossings.len() + 1);
    let mut join = false;
    for (index, difference) in differences.enumerate() {
        if join {
            if let Some(last) = counts.last_mut() {
                *last += difference;
            }
            join = false;
        } else if difference == 0 && index > 0 {
            join = true;
        } else {
            counts.push(difference);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As [`crossings`], of every point of every edge.
    fn crossings_of_all_points(xy: &[f64], height: i64, width: i64) -> Vec<u32> {
        let fine = |value: f64| (FINE * value + 0.5) as i64;
        let vertices: Vec<_> = xy.chunks(2).map(|v| (fine(v[0]), fine(v[1]))).collect();
        let mut points = Vec::new();
        for (index, &from) in vertices.iter().enumerate() {
            let edge = Edge::new(from, vertices[(index + 1) % vertices.len()]);
            let steps = 0..=edge.length;
            points.extend(steps.map(|step| {
                edge.point(if edge.is_flipped {
                    edge.length - step
                } else {
                    step
                })
            }));
        }
        let pairs = points.windows(2).filter(|pair| pair[0].0 != pair[1].0);
        pairs
            .filter_map(|pair| crossing(pair[0], pair[1], height, width))
            .collect()
    }

    proptest! {
        #[test]
        fn points_that_are_left_out_change_nothing(
            near in proptest::collection::vec(-20.0..30.0, 6..12),
            far in proptest::collection::vec(-5000.0..5000.0, 6..12),
            is_far in any::<[bool; 12]>(),
        ) {
            let xy: Vec<f64> = (near.iter().zip(&far).zip(is_far))
                .map(|((&near, &far), is_far): ((&f64, &f64), bool)| if is_far { far } else { near })
                .collect();
            let xy = &xy[..xy.len() / 2 * 2];
            prop_assert_eq!(crossings(xy, 9, 12), crossings_of_all_points(xy, 9, 12));
        }
    }

    #[test]
    fn vertices_far_away_cost_no_time() {
        let xy: Vec<f64> = [1e6, -1e6, -1e6, 1e6].repeat(25_000);
        let start = std::time::Instant::now();
        polygon_mask(&xy, 100, 100).unwrap();
        assert!(start.elapsed() < std::time::Duration::from_secs(10));
    }
}
