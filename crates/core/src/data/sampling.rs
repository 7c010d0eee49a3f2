//! Where patches are cut.

use coverslip_algorithms::{
    AlgorithmError,
    patches::sampling::{BalancedPatches, patch_start, weighted_centres},
};
use ndarray::{Axis, Zip};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Sample;
use super::patch::draw_place;
use super::sample::size;

/// How the places of patches are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Every place of every image is as likely as any other of the same image.
    Uniform,
    /// A share of the patches, `foreground`, has an object in its middle, the others background; not
    /// for `target_kind: image`.
    Balanced,
    /// In proportion to the weight of the pixel in the middle: needs `weight` beside `target`, or an
    /// `ignore_label`.
    Weighted,
}

impl Sampling {
    /// The first pixel along Z, Y and X of a patch of `patch` pixels; 0 along an axis that is too
    /// short for it.
    ///
    /// `foreground` is the share of balanced patches with an object (a class above 0 that counts) in
    /// the middle. Images that have only objects or only background give patches of those.
    pub(super) fn place(
        self,
        foreground: f64,
        sample: &Sample,
        patch: [usize; 3],
        random: &mut ChaCha8Rng,
    ) -> Result<[usize; 3], AlgorithmError> {
        let image = size(&sample.source);
        let patch = [0, 1, 2].map(|axis| patch[axis].min(image[axis]));
        let weight = (sample.weight.as_ref()).map(|weight| weight.index_axis(Axis(0), 0));
        let centres = match (self, &sample.target, weight) {
            (Self::Balanced, Some(target), weight) => {
                let classes = target.index_axis(Axis(0), 0);
                let mut objects = classes.mapv(|class| class > 0.0);
                if let Some(weight) = weight {
                    let counts = |is_object: &mut bool, &weight: &f32| *is_object &= weight > 0.0;
                    Zip::from(&mut objects).and(&weight).for_each(counts);
                }
                let balanced = BalancedPatches {
                    patch: patch.to_vec(),
                    pos_ratio: foreground,
                    background_above: None,
                };
                let uniforms: [f64; 2] = random.random();
                let [class, index] = uniforms.map(|uniform| [uniform]);
                balanced.centres::<f32, _>(&objects.view(), None, &class, &index)?
            }
            (Self::Weighted, _, Some(weight)) => {
                weighted_centres(&weight, &patch, &[random.random()])?
            }
            (Self::Uniform, ..) | (Self::Balanced, None, _) | (Self::Weighted, _, None) => {
                return Ok(draw_place(image, patch, random));
            }
        };
        let start = patch_start(centres.first().map_or(&[], Vec::as_slice), &patch);
        // The middle of an axis that is not longer than the patch is its only place.
        Ok([0, 1, 2].map(|axis| {
            let start = start.get(axis).copied().unwrap_or(0);
            start.min(image[axis] - patch[axis])
        }))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;
    use crate::base::random::stream;

    /// One object of 3 x 3 pixels in an image of 40 x 50, which weighs all there is.
    fn sample() -> Sample {
        let target = Array4::from_shape_fn((1, 1, 40, 50), |(.., y, x)| {
            f32::from(u8::from((20..23).contains(&y) && (30..33).contains(&x)))
        });
        Sample {
            name: "a".to_owned(),
            source: Array4::zeros((2, 1, 40, 50)),
            weight: Some(target.clone()),
            target: Some(target),
            warnings: Vec::new(),
        }
    }

    fn places((sampling, foreground): (Sampling, f64), sample: &Sample) -> Vec<[usize; 3]> {
        let random = |index| stream(0, "places", index);
        let place = |index| {
            let random = &mut random(index);
            sampling.place(foreground, sample, [1, 8, 60], random)
        };
        (0..200).map(|index| place(index).unwrap()).collect()
    }

    #[test]
    fn patches_have_the_middle_that_was_asked_for() {
        let sample = sample();
        let on_object = |place: &&[usize; 3]| (20..23).contains(&(place[1] + 4));
        for (way, low, high) in [
            ((Sampling::Uniform, 0.5), 1, 40),
            ((Sampling::Balanced, 0.0), 1, 40),
            ((Sampling::Balanced, 0.5), 70, 130),
            ((Sampling::Balanced, 1.0), 200, 200),
        ] {
            let found = places(way, &sample);
            let count = found.iter().filter(on_object).count();
            assert!((low..=high).contains(&count), "{way:?}: {count}");
            assert!(found.iter().all(|place| place[1] <= 32 && place[2] == 0));
        }
        let narrow =
            |index| Sampling::Weighted.place(0.5, &sample, [1, 8, 8], &mut stream(0, "w", index));
        for place in (0..50).map(|index| narrow(index).unwrap()) {
            assert!((20..23).contains(&(place[1] + 4)) && (30..33).contains(&(place[2] + 4)));
        }
    }

    #[test]
    fn pixels_that_do_not_count_are_no_objects() {
        let mut sample = sample();
        sample.weight = Some(Array4::zeros((1, 1, 40, 50)));
        let found = places((Sampling::Balanced, 1.0), &sample);
        assert!(found.iter().any(|place| place[1] < 10));
    }
}
