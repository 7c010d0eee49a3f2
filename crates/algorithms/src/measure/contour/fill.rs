//! Filling of polygons.

use ndarray::Array2;

use super::Point;

/// A mask of `shape` (`Y X`) with the inside of the closed polygon and its outline set; parts
/// outside the mask are cut off. Crossing outlines leave out what they enclose twice.
pub fn fill_polygon(points: &[Point], shape: [usize; 2]) -> Array2<bool> {
    let mut mask = Array2::from_elem(shape, false);
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); shape[0]];
    let before = points.iter().cycle().skip(points.len().saturating_sub(1));
    for (&from, &to) in before.zip(points) {
        draw_line(&mut mask, from, to);
        add_crossings(&mut crossings, from, to);
    }
    for (mut row, crossings) in mask.rows_mut().into_iter().zip(&mut crossings) {
        crossings.sort_unstable_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let start = pair[0].ceil().max(0.0) as usize;
            let end = (pair[1].floor() + 1.0).clamp(0.0, shape[1] as f64) as usize;
            for x in start..end {
                row[x] = true;
            }
        }
    }
    mask
}

/// Integers from `a` to `b`, whichever is less, that are below `length`.
fn within(a: i32, b: i32, length: usize) -> std::ops::Range<usize> {
    let end = (i64::from(a.max(b)) + 1).clamp(0, length as i64);
    a.min(b).max(0) as usize..end as usize
}

/// The coordinate along `axis` of the line through two points at `value` of the other axis.
fn on_line(from: Point, to: Point, axis: usize, value: usize) -> f64 {
    let [start, end] = [from, to].map(|point| point.map(f64::from));
    let other = 1 - axis;
    if start[other] == end[other] {
        return start[axis];
    }
    let share = (value as f64 - start[other]) / (end[other] - start[other]);
    start[axis] + share * (end[axis] - start[axis])
}

fn draw_line(mask: &mut Array2<bool>, from: Point, to: Point) {
    let is_flat = from[1].abs_diff(to[1]) >= from[0].abs_diff(to[0]);
    let axis = usize::from(is_flat);
    for along in within(from[axis], to[axis], mask.shape()[axis]) {
        let across = on_line(from, to, 1 - axis, along).round();
        if across < 0.0 {
            continue;
        }
        let across = across as usize;
        let index = if is_flat {
            [across, along]
        } else {
            [along, across]
        };
        if let Some(pixel) = mask.get_mut(index) {
            *pixel = true;
        }
    }
}

/// Where the edge crosses each row, its lower end left out.
fn add_crossings(crossings: &mut [Vec<f64>], from: Point, to: Point) {
    let end = from[0].max(to[0]);
    for y in within(from[0], to[0], crossings.len()) {
        if (y as i64) < i64::from(end) {
            crossings[y].push(on_line(from, to, 1, y));
        }
    }
}
