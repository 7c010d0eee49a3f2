//! Outlines to masks.

use super::rle::{Rle, check_size};
use crate::AlgorithmError;

/// Outlines are walked on a grid this much finer than the pixels.
const FINE: f64 = 5.0;

/// Vertices beyond this many pixels from the origin are refused.
const FARTHEST: f64 = 1e6;

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
    if let Some(&bad) = xy.iter().find(|v| v.is_nan() || v.abs() > FARTHEST) {
        let expected = format!("at most {FARTHEST} pixels from the origin");
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
    let mut found = Vec::new();
    let mut before: Option<(i64, i64)> = None;
    for (index, &from) in vertices.iter().enumerate() {
        let to = vertices[(index + 1) % vertices.len()];
        walk(from, to, |point| {
            let previous = before.replace(point);
            if let Some(previous) = previous.filter(|previous| previous.0 != point.0) {
                found.extend(crossing(previous, point, height, width));
            }
        });
    }
    found
}

/// Points of an edge in the direction of travel, both ends included, one for each step along its
/// longer axis.
fn walk((xs, ys): (i64, i64), (xe, ye): (i64, i64), mut emit: impl FnMut((i64, i64))) {
    let (dx, dy) = ((xe - xs).abs(), (ye - ys).abs());
    let wide = dx >= dy;
    // The other coordinate is measured from the end with the smaller long-axis coordinate.
    let flip = (wide && xs > xe) || (!wide && ys > ye);
    let ((ax, ay), (bx, by)) = if flip {
        ((xe, ye), (xs, ys))
    } else {
        ((xs, ys), (xe, ye))
    };
    let length = dx.max(dy);
    let slope = if length == 0 {
        0.0
    } else if wide {
        (by - ay) as f64 / length as f64
    } else {
        (bx - ax) as f64 / length as f64
    };
    for step in 0..=length {
        let t = if flip { length - step } else { step };
        let other = |start: i64| (start as f64 + slope * t as f64 + 0.5) as i64;
        emit(if wide {
            (ax + t, other(ay))
        } else {
            (other(ax), ay + t)
        });
    }
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
