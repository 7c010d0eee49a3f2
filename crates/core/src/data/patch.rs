//! Pieces of images.

use std::collections::BTreeMap;

use coverslip_algorithms::AlgorithmError;
use coverslip_algorithms::transform::pad::{Border, Padding};
use ndarray::{Array4, Slice};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A piece of a source image, and what is known of the same place.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// `[C, Z, Y, X]`.
    pub source: Array4<f32>,
    /// `[C', Z, Y, X]`; nothing where a framework learns from sources alone. Of unpaired images it is
    /// a piece of another place.
    pub target: Option<Array4<f32>>,
    /// How much each pixel counts, `[1, Z, Y, X]`; all alike without it.
    pub weight: Option<Array4<f32>>,
    /// Further maps that steps have made, by name, `[C'', Z, Y, X]`.
    pub others: BTreeMap<&'static str, Array4<f32>>,
}

impl Patch {
    /// A patch of a source alone.
    pub fn new(source: Array4<f32>) -> Self {
        Self {
            source,
            target: None,
            weight: None,
            others: BTreeMap::new(),
        }
    }

    /// All maps of the patch.
    pub fn maps_mut(&mut self) -> impl Iterator<Item = &mut Array4<f32>> {
        std::iter::once(&mut self.source)
            .chain(&mut self.target)
            .chain(&mut self.weight)
            .chain(self.others.values_mut())
    }
}

/// A step that changes patches, or adds maps to them.
pub trait PatchStep: Send + Sync {
    /// Changes the patch; the size along Z, Y and X must stay as it is.
    ///
    /// # Errors
    ///
    /// When the step is not defined for such a patch.
    fn apply(&self, patch: &mut Patch, random: &mut ChaCha8Rng) -> Result<(), AlgorithmError>;
}

/// A place for a patch of `size` in an image of `image` pixels along Z, Y and X: each is as likely
/// as any other. Along an axis that is too short the place is 0.
pub(super) fn draw_place(
    image: [usize; 3],
    size: [usize; 3],
    random: &mut ChaCha8Rng,
) -> [usize; 3] {
    std::array::from_fn(|axis| random.random_range(0..=image[axis].saturating_sub(size[axis])))
}

/// The piece of an image at a place; what is missing is mirrored at the edges, on both sides.
pub(super) fn cut(
    image: &Array4<f32>,
    place: [usize; 3],
    size: [usize; 3],
) -> Result<Array4<f32>, AlgorithmError> {
    let piece = image.slice_each_axis(|axis| match axis.axis.index() {
        0 => Slice::from(..),
        index => {
            let start = place[index - 1];
            Slice::from(start..(start + size[index - 1]).min(axis.len))
        }
    });
    let [z, y, x] = size;
    let padding = Padding::to_size(piece.shape(), &[piece.dim().0, z, y, x])?;
    padding.pad(&piece, Border::Reflect101)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::stream;

    fn ramp(size: [usize; 3]) -> Array4<f32> {
        Array4::from_shape_fn((1, size[0], size[1], size[2]), |(_, z, y, x)| {
            (z * 10_000 + y * 100 + x) as f32
        })
    }

    #[test]
    fn a_patch_is_the_piece_at_its_place() {
        let patch = cut(&ramp([3, 9, 8]), [1, 4, 2], [2, 3, 5]).unwrap();
        assert_eq!(patch.dim(), (1, 2, 3, 5));
        assert_eq!(patch[[0, 0, 0, 0]], 10_402.0);
        assert_eq!(patch[[0, 1, 2, 4]], 20_606.0);
    }

    #[test]
    fn small_images_are_mirrored_again_and_again() {
        let patch = cut(&ramp([1, 1, 3]), [0; 3], [1, 1, 11]).unwrap();
        let row: Vec<f32> = patch.iter().copied().collect();
        assert_eq!(row, [0., 1., 2., 1., 0., 1., 2., 1., 0., 1., 2.]);
        let point = cut(&ramp([1, 1, 1]), [0; 3], [1, 4, 4]).unwrap();
        assert!(point.iter().all(|&value| value == 0.0));
    }

    #[test]
    fn every_place_occurs() {
        let mut seen = [[false; 3]; 4];
        for index in 0..200 {
            let place = draw_place([1, 7, 6], [2, 4, 4], &mut stream(0, "place", index));
            assert_eq!(place[0], 0);
            seen[place[1]][place[2]] = true;
        }
        assert!(seen.iter().flatten().all(|&seen| seen));
    }
}
