//! Masks that all conflict with each other.

use super::plane::{PlacedMask, Plane};

/// Steps after which the search gives up; arrangements of nuclei need far fewer.
const MOST_STEPS: usize = 1_000_000;

/// `size` masks of which any two are too close for one channel, if there are and they are found.
pub(super) fn conflicting_clique(
    masks: &[PlacedMask],
    gap: usize,
    size: usize,
) -> Option<Vec<usize>> {
    let neighbours = later_neighbours(masks, gap);
    let mut steps = 0;
    (0..masks.len()).find_map(|first| {
        let mut clique = vec![first];
        grow(
            &neighbours,
            &mut clique,
            &neighbours[first],
            size,
            &mut steps,
        )
        .then_some(clique)
    })
}

/// For each mask those after it in the list that conflict with it.
fn later_neighbours(masks: &[PlacedMask], gap: usize) -> Vec<Vec<usize>> {
    let boxes: Vec<[i64; 4]> = masks.iter().map(bounds).collect();
    let reach = gap as i64;
    let near = |a: &[i64; 4], b: &[i64; 4]| {
        a[0] - reach < b[2] && b[0] - reach < a[2] && a[1] - reach < b[3] && b[1] - reach < a[3]
    };
    (0..masks.len())
        .map(|i| {
            let later = (i + 1..masks.len()).filter(|&j| near(&boxes[i], &boxes[j]));
            later
                .filter(|&j| conflict(&masks[i], &masks[j], gap))
                .collect()
        })
        .collect()
}

fn bounds(mask: &PlacedMask) -> [i64; 4] {
    let [top, left] = mask.top_left;
    let (height, width) = mask.mask.dim();
    [
        top,
        left,
        top.saturating_add(height as i64),
        left.saturating_add(width as i64),
    ]
}

/// Whether two masks are too close, on a canvas just large enough for both.
fn conflict(a: &PlacedMask, b: &PlacedMask, gap: usize) -> bool {
    let (p, q) = (bounds(a), bounds(b));
    let origin = [p[0].min(q[0]), p[1].min(q[1])];
    let canvas = (
        (p[2].max(q[2]) - origin[0]) as usize,
        (p[3].max(q[3]) - origin[1]) as usize,
    );
    let moved = |mask: &PlacedMask| PlacedMask {
        mask: mask.mask.clone(),
        top_left: [0, 1].map(|axis| mask.top_left[axis] - origin[axis]),
    };
    let mut plane = Plane::new(canvas, gap);
    plane.place(&moved(a));
    !plane.fits(&moved(b))
}

fn grow(
    neighbours: &[Vec<usize>],
    clique: &mut Vec<usize>,
    candidates: &[usize],
    size: usize,
    steps: &mut usize,
) -> bool {
    if clique.len() == size {
        return true;
    }
    for &next in candidates {
        *steps += 1;
        if *steps > MOST_STEPS {
            return false;
        }
        let both: Vec<usize> = (candidates.iter().copied())
            .filter(|other| neighbours[next].binary_search(other).is_ok())
            .collect();
        clique.push(next);
        if grow(neighbours, clique, &both, size, steps) {
            return true;
        }
        clique.pop();
    }
    false
}
