//! Agreement of outlines.

use ndarray::{Array, ArrayView, Axis, Dimension, Slice, Zip};

use super::semantic::MaskOverlap;
use crate::AlgorithmError;

/// Dice of the boundary pixels of two masks; 1 if both are empty.
///
/// It tells masks with the same area but other outlines apart, which Dice of the areas hardly
/// does.
///
/// # Errors
/// [`AlgorithmError::ShapeMismatch`].
pub fn edge_dice<D: Dimension>(
    prediction: &ArrayView<'_, bool, D>,
    truth: &ArrayView<'_, bool, D>,
) -> Result<f64, AlgorithmError> {
    super::image::check_pair(prediction.shape(), truth.shape())?;
    let (prediction, truth) = (boundary(prediction), boundary(truth));
    Ok(MaskOverlap::of(&prediction.view(), &truth.view())?.dice())
}

/// The pixels of a mask that a step along one axis leaves it from: the mask without its erosion by
/// the cross of 4 (6 in 3D) neighbours. Pixels at the image's edge are boundary.
pub fn boundary<D: Dimension>(mask: &ArrayView<'_, bool, D>) -> Array<bool, D> {
    let mut inner = mask.to_owned();
    for axis in (0..mask.ndim()).map(Axis) {
        let Some(last) = mask.len_of(axis).checked_sub(1) else {
            return inner;
        };
        // Every pixel but the last has a next one, every one but the first a previous one.
        for (pixels, neighbours) in [(0..last, 1..last + 1), (1..last + 1, 0..last)] {
            let neighbours = mask.slice_axis(axis, Slice::from(neighbours));
            let pixels = inner.slice_axis_mut(axis, Slice::from(pixels));
            Zip::from(pixels)
                .and(neighbours)
                .for_each(|inside, &next| *inside &= next);
        }
        for end in [0..1, last..last + 1] {
            inner.slice_axis_mut(axis, Slice::from(end)).fill(false);
        }
    }
    Zip::from(&mut inner)
        .and(mask)
        .for_each(|inner, &inside| *inner = inside && !*inner);
    inner
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, arr2, s};

    use super::*;

    #[test]
    fn the_boundary_is_one_pixel_wide() {
        let mut mask = Array2::from_elem((7, 8), false);
        mask.slice_mut(s![1..6, 0..5]).fill(true);
        let edge = boundary(&mask.view());
        let inner = edge.slice(s![2..5, 1..4]);
        assert!(inner.iter().all(|&pixel| !pixel));
        assert_eq!(edge.iter().filter(|&&pixel| pixel).count(), 25 - 9);
        let cube = Array3::from_elem((3, 3, 3), true);
        assert_eq!(boundary(&cube.view()).iter().filter(|&&p| p).count(), 26);
    }

    #[test]
    fn masks_of_other_outlines_differ() {
        let mask = |end| {
            let mut mask = Array2::from_elem((9, 9), false);
            mask.slice_mut(s![1..8, 1..end]).fill(true);
            mask
        };
        let (a, b) = (mask(8), mask(7));
        assert_eq!(edge_dice(&a.view(), &a.view()), Ok(1.0));
        // 24 and 22 boundary pixels; all of the left side and five of each row are shared.
        assert_eq!(edge_dice(&a.view(), &b.view()), Ok(2.0 * 17.0 / 46.0));
        let none = Array2::from_elem((9, 9), false);
        assert_eq!(edge_dice(&none.view(), &none.view()), Ok(1.0));
        assert_eq!(edge_dice(&none.view(), &a.view()), Ok(0.0));
        assert!(edge_dice(&arr2(&[[true]]).view(), &a.view()).is_err());
        let empty = Array2::from_elem((0, 9), false);
        assert_eq!(edge_dice(&empty.view(), &empty.view()), Ok(1.0));
    }
}
