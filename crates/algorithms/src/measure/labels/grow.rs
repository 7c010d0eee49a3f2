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
    let mut reached = touched(objects, classes, rim);
    for _ in 0..rounds {
        if reached.is_empty() {
            return false;
        }
        for &(pixel, object) in &reached {
            objects[pixel] = object;
        }
        reached = reached_from(&reached, objects, classes, rim);
    }
    !reached.is_empty()
}

/// The pixels that the first round takes, in raster order, with the object that takes each.
fn touched(objects: &Array3<u32>, classes: &Array3<u32>, rim: u32) -> Vec<([usize; 3], u32)> {
    let mut touched = Vec::new();
    let (_, height, _) = objects.dim();
    let rows = objects.rows().into_iter().zip(classes.rows());
    for (index, (object_row, class_row)) in rows.enumerate() {
        let [z, y] = [index / height, index % height];
        for (x, (&object, &class)) in object_row.iter().zip(class_row).enumerate() {
            if object == 0 && class == rim {
                let near = neighbours([z, y, x], objects.dim().into());
                let near = near.map(|neighbour| objects[neighbour]);
                if let Some(object) = near.filter(|&object| object != 0).min() {
                    touched.push(([z, y, x], object));
                }
            }
        }
    }
    touched
}

/// The pixels that the next round takes, each once, with the object that takes it; `front` are
/// those of the last round.
fn reached_from(
    front: &[([usize; 3], u32)],
    objects: &Array3<u32>,
    classes: &Array3<u32>,
    rim: u32,
) -> Vec<([usize; 3], u32)> {
    let mut reached = Vec::new();
    for &(pixel, object) in front {
        for neighbour in neighbours(pixel, objects.dim().into()) {
            if objects[neighbour] == 0 && classes[neighbour] == rim {
                reached.push((neighbour, object));
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
