//! Masks to outlines along the edges of pixels.

use ndarray::{Array2, ArrayView2};

/// Directions of travel: right, down, left, up.
const STEPS: [[isize; 2]; 4] = [[0, 1], [1, 0], [0, -1], [-1, 0]];

/// Outlines `x, y, x, y, ...` of the 4-connected parts of a mask, whose first pixel lies at
/// `origin` (`Y X`); none if it has a hole, which outlines cannot express.
///
/// Corners lie on whole numbers, pixel 0 from 0 to 1, and travel has the mask on its right.
pub(super) fn outlines(mask: &ArrayView2<'_, bool>, origin: [usize; 2]) -> Option<Vec<Vec<f64>>> {
    let mut edges = edges(mask);
    let mut found = Vec::new();
    for y in 0..edges.nrows() {
        for x in 0..edges.ncols() {
            while edges[[y, x]] != 0 {
                let corners = follow(&mut edges, [y, x]);
                if signed_area(&corners) < 0 {
                    return None;
                }
                let xy = corners
                    .iter()
                    .flat_map(|&[y, x]| [(x + origin[1]) as f64, (y + origin[0]) as f64]);
                found.push(xy.collect());
            }
        }
    }
    Some(found)
}

/// For each corner of pixels, the directions in which an edge leaves it, as bits.
fn edges(mask: &ArrayView2<'_, bool>) -> Array2<u8> {
    let (height, width) = mask.dim();
    let inside = |y: usize, x: usize| mask.get((y, x)).copied().unwrap_or(false);
    let mut edges = Array2::zeros((height + 1, width + 1));
    for ((y, x), _) in mask.indexed_iter().filter(|(_, inside)| **inside) {
        if y == 0 || !inside(y - 1, x) {
            edges[[y, x]] |= 1 << 0;
        }
        if !inside(y, x + 1) {
            edges[[y, x + 1]] |= 1 << 1;
        }
        if !inside(y + 1, x) {
            edges[[y + 1, x + 1]] |= 1 << 2;
        }
        if x == 0 || !inside(y, x - 1) {
            edges[[y + 1, x]] |= 1 << 3;
        }
    }
    edges
}

/// Takes one closed line out of the edges; returns its corners.
fn follow(edges: &mut Array2<u8>, start: [usize; 2]) -> Vec<[usize; 2]> {
    let mut corners = Vec::new();
    let mut at = start;
    let mut before = usize::MAX;
    loop {
        let leaving = edges[at];
        // Where two lines touch, turning right stays with the same pixel.
        let turns = [before.wrapping_add(1), before, before.wrapping_sub(1)].map(|d| d % 4);
        let all = [0, 1, 2, 3];
        let choices = if before == usize::MAX {
            &all[..]
        } else {
            &turns[..]
        };
        let Some(&direction) = choices.iter().find(|&&d| leaving & (1 << d) != 0) else {
            break;
        };
        edges[at] &= !(1 << direction);
        if direction != before {
            corners.push(at);
        }
        let [dy, dx] = STEPS[direction];
        at = [at[0].wrapping_add_signed(dy), at[1].wrapping_add_signed(dx)];
        before = direction;
        if at == start && edges[at] & (1 << ((direction + 1) % 4)) == 0 {
            break;
        }
    }
    corners
}

/// Twice the area that the corners enclose; negative around a hole.
fn signed_area(corners: &[[usize; 2]]) -> i64 {
    let next = corners.iter().cycle().skip(1);
    let pairs = corners.iter().zip(next);
    pairs
        .map(|([y, x], [v, u])| *x as i64 * *v as i64 - *u as i64 * *y as i64)
        .sum()
}
