//! Random changes of patches.

use coverslip_algorithms::AlgorithmError;
use ndarray::{Array4, Axis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Patch, PatchStep};

/// Mirrors patches along each of Z, Y and X in half of the cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Flip {}

impl PatchStep for Flip {
    fn apply(&self, patch: &mut Patch, random: &mut ChaCha8Rng) -> Result<(), AlgorithmError> {
        for axis in 1..4 {
            if random.random_bool(0.5) {
                change(patch, |image| image.invert_axis(Axis(axis)));
            }
        }
        Ok(())
    }
}

/// Turns patches in the plane of Y and X by 0, 90, 180 or 270 degrees, each as often; patches that
/// are not square by 0 or 180 degrees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rotate90 {}

impl PatchStep for Rotate90 {
    fn apply(&self, patch: &mut Patch, random: &mut ChaCha8Rng) -> Result<(), AlgorithmError> {
        let (_, _, height, width) = patch.source.dim();
        let turns: u8 = random.random_range(0..4);
        if turns % 2 == 1 && height == width {
            change(patch, |image| {
                image.swap_axes(2, 3);
                image.invert_axis(Axis(2));
            });
        }
        if turns >= 2 {
            change(patch, |image| {
                image.invert_axis(Axis(2));
                image.invert_axis(Axis(3));
            });
        }
        Ok(())
    }
}

/// Changes all maps of a patch alike.
fn change(patch: &mut Patch, step: impl Fn(&mut Array4<f32>)) {
    patch.maps_mut().for_each(step);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::random::stream;

    fn patch(height: usize, width: usize) -> Patch {
        let source = Array4::from_shape_fn((2, 2, height, width), |(c, z, y, x)| {
            (c * 1000 + z * 100 + y * 10 + x) as f32
        });
        let target = source.slice_axis(Axis(0), (0..1).into()).to_owned();
        Patch {
            target: Some(target.clone()),
            weight: Some(target.clone()),
            others: [("further", target)].into(),
            source,
        }
    }

    /// All results of many draws, as lists of pixels; source and target are alike in each.
    fn results(step: &dyn PatchStep, height: usize, width: usize) -> BTreeSet<Vec<u32>> {
        (0..200)
            .map(|index| {
                let mut patch = patch(height, width);
                step.apply(&mut patch, &mut stream(5, "test", index))
                    .unwrap();
                let target = patch.target.as_ref().unwrap();
                assert_eq!(patch.source.dim(), (2, 2, height, width));
                assert_eq!(patch.source.slice_axis(Axis(0), (0..1).into()), target);
                assert_eq!(patch.weight.as_ref(), Some(target));
                assert_eq!(&patch.others["further"], target);
                target.iter().map(|&value| value as u32).collect()
            })
            .collect()
    }

    #[test]
    fn flips_give_all_eight_mirror_images() {
        assert_eq!(results(&Flip::default(), 3, 4).len(), 8);
    }

    #[test]
    fn squares_turn_four_ways_and_others_two() {
        assert_eq!(results(&Rotate90::default(), 3, 3).len(), 4);
        assert_eq!(results(&Rotate90::default(), 3, 4).len(), 2);
    }

    #[test]
    fn a_quarter_turn_is_no_mirror_image() {
        let turned = results(&Rotate90::default(), 2, 2);
        let first_section: BTreeSet<Vec<u32>> =
            turned.iter().map(|pixels| pixels[..4].to_vec()).collect();
        let expected = [
            [0, 1, 10, 11],
            [1, 11, 0, 10],
            [11, 10, 1, 0],
            [10, 0, 11, 1],
        ];
        assert_eq!(
            first_section,
            expected.iter().map(|pixels| pixels.to_vec()).collect()
        );
    }
}
