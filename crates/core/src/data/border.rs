//! Classes that let a network tell touching objects apart.

use ndarray::{Array3, Axis, Zip};

/// The class of each pixel of a label map `[Z, Y, X]`: 0 background, 1 inside, 2 border.
///
/// The border of an object are its pixels with a pixel of another label (another object or the
/// background) at a distance of at most `border_width` pixels (Euclidean, between centres); the
/// edge of the image is no border. With a width of 0 there are only the classes 0 and 1. With
/// `by_section`, distances along Z do not count.
pub fn instance_classes(labels: &Array3<u32>, border_width: usize, by_section: bool) -> Array3<u8> {
    let mut classes = labels.mapv(|label| u8::from(label > 0));
    if border_width == 0 {
        return classes;
    }
    let mut distances = Array3::from_elem(labels.dim(), FAR);
    for axis in if by_section {
        [1, 2].iter()
    } else {
        [0, 1, 2].iter()
    } {
        let axis = Axis(*axis);
        Zip::from(distances.lanes_mut(axis))
            .and(labels.lanes(axis))
            .for_each(|mut distances, labels| {
                let nearer = relax(&labels.to_vec(), &distances.to_vec(), border_width);
                distances
                    .iter_mut()
                    .zip(nearer)
                    .for_each(|(distance, new)| *distance = new);
            });
    }
    let reach = (border_width * border_width) as u64;
    Zip::from(&mut classes)
        .and(&distances)
        .for_each(|class, &distance| {
            if *class == 1 && distance <= reach {
                *class = 2;
            }
        });
    classes
}

/// A squared distance beyond every border.
const FAR: u64 = u64::MAX / 2;

/// The squared distances to another label, after one more axis is taken into account.
///
/// A pixel is as near to another label as the square of a step along the line to a pixel of its own
/// label plus that one's distance so far, or as the step to the first pixel of another label.
fn relax(labels: &[u32], distances: &[u64], reach: usize) -> Vec<u64> {
    let nearest = |position: usize| {
        let mut best = distances[position];
        let before = (0..position).rev();
        let after = position + 1..labels.len();
        let mut look = |other: usize| {
            let step = other.abs_diff(position) as u64;
            let is_other = labels[other] != labels[position];
            best = best.min(step * step + if is_other { 0 } else { distances[other] });
            !is_other
        };
        let _ = before.take(reach).all(&mut look);
        let _ = after.take(reach).all(&mut look);
        best
    };
    (0..labels.len()).map(nearest).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn flat(labels: Array2<u32>, width: usize) -> Array2<u8> {
        instance_classes(&labels.insert_axis(Axis(0)), width, true).index_axis_move(Axis(0), 0)
    }

    #[test]
    fn touching_objects_and_the_background_make_borders() {
        let labels = array![[1, 1, 1, 2, 2, 2], [1, 1, 1, 2, 2, 2], [1, 1, 1, 2, 2, 0],];
        let classes = array![[1, 1, 2, 2, 1, 1], [1, 1, 2, 2, 1, 2], [1, 1, 2, 2, 2, 0],];
        assert_eq!(flat(labels, 1), classes);
    }

    #[test]
    fn width_0_has_no_border() {
        assert_eq!(flat(array![[7, 0], [9, 9]], 0), array![[1, 0], [1, 1]]);
    }

    #[test]
    fn sections_count_only_if_asked() {
        let mut labels = Array3::from_elem((2, 1, 1), 1);
        labels[[1, 0, 0]] = 0;
        assert_eq!(instance_classes(&labels, 1, true)[[0, 0, 0]], 1);
        assert_eq!(instance_classes(&labels, 1, false)[[0, 0, 0]], 2);
    }

    #[test]
    fn distances_are_those_of_a_full_search() {
        use rand::RngExt;
        let mut random = crate::base::random::stream(1, "test", 0);
        for width in 1..5usize {
            // Blocks of pixels, so that there is an inside.
            let coarse = Array3::from_shape_fn((2, 4, 5), |_| random.random_range(0..3u32));
            let labels =
                Array3::from_shape_fn((4, 20, 25), |(z, y, x)| coarse[[z / 2, y / 5, x / 5]]);
            let classes = instance_classes(&labels, width, false);
            for ((z, y, x), &label) in labels.indexed_iter() {
                let is_near = labels.indexed_iter().any(|((oz, oy, ox), &other)| {
                    let squared =
                        z.abs_diff(oz).pow(2) + y.abs_diff(oy).pow(2) + x.abs_diff(ox).pow(2);
                    other != label && squared <= width * width
                });
                let expected = if label == 0 { 0 } else { 1 + u8::from(is_near) };
                assert_eq!(
                    classes[[z, y, x]],
                    expected,
                    "at {z} {y} {x} with width {width}"
                );
            }
        }
    }
}
