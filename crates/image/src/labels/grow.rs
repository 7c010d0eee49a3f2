//! Growth of objects into pixels of one class.

use ndarray::Array3;

/// Lets objects (`Z Y X`, 0 is none) grow into pixels of class `rim` in rounds of one pixel (sides,
/// no corners) until there are none left that they reach. A pixel that two objects reach in the
/// same round goes to the one with the smaller number.
pub fn grow(objects: &mut Array3<u32>, classes: &Array3<u32>, rim: u32) {
    grow_rounds(objects, classes, rim, usize::MAX);
}

/// As [`grow`], for at most so many rounds; gives whether there is more to come.
pub(crate) fn grow_rounds(
    objects: &mut Array3<u32>,
    classes: &Array3<u32>,
    rim: u32,
    rounds: usize,
) -> bool {
    let mut front: Vec<[usize; 3]> = objects
        .indexed_iter()
        .filter(|(_, object)| **object != 0)
        .map(|((z, y, x), _)| [z, y, x])
        .collect();
    for _ in 0..rounds {
        let reached = reached(&front, objects, classes, rim);
        if reached.is_empty() {
            return false;
        }
        front.clear();
        for (pixel, object) in reached {
            front.push(pixel);
            objects[pixel] = object;
        }
    }
    !reached(&front, objects, classes, rim).is_empty()
}

/// The pixels that the next round takes, each once, with the object that takes it.
fn reached(
    front: &[[usize; 3]],
    objects: &Array3<u32>,
    classes: &Array3<u32>,
    rim: u32,
) -> Vec<([usize; 3], u32)> {
    let mut reached = Vec::new();
    for &pixel in front {
        for neighbour in neighbours(pixel, objects.dim().into()) {
            if objects[neighbour] == 0 && classes[neighbour] == rim {
                reached.push((neighbour, objects[pixel]));
            }
        }
    }
    reached.sort_unstable();
    reached.dedup_by_key(|(pixel, _)| *pixel);
    reached
}

/// The up to six pixels that share a side with `pixel`.
fn neighbours(pixel: [usize; 3], shape: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..3).flat_map(move |axis| {
        let below = (pixel[axis] > 0).then(|| pixel[axis] - 1);
        let above = (pixel[axis] + 1 < shape[axis]).then(|| pixel[axis] + 1);
        [below, above].into_iter().flatten().map(move |place| {
            let mut neighbour = pixel;
            neighbour[axis] = place;
            neighbour
        })
    })
}
