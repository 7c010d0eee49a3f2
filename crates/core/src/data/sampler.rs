//! Batches as functions of their number.

use std::sync::Arc;

use ndarray::{Array5, ArrayView4, Axis, stack};
use rand::seq::SliceRandom;

use super::patch::cut;
use super::sample::size;
use super::{Augmentation, DataError, Images, Patch, Places, Sample};
use crate::base::random::stream;

/// Patches that a network works on at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[N, C, Z, Y, X]`.
    pub source: Array5<f32>,
    /// `[N, C', Z, Y, X]`; classes are whole numbers with C' = 1.
    pub target: Array5<f32>,
    /// How much each pixel counts, `[N, 1, Z, Y, X]`; all alike without it.
    pub weight: Option<Array5<f32>>,
}

/// Cuts patches at random places of random images.
///
/// Each patch is a function of the seed and its number alone: neither threads nor what came before
/// matter. Images take turns: in each round of as many patches as images, each image has one.
#[derive(Clone)]
pub struct Sampler {
    /// The images.
    pub images: Arc<Images>,
    /// Drives the random draws.
    pub seed: u64,
    /// The purpose, such as `training`: patches of different purposes are independent.
    pub purpose: &'static str,
    /// The size of a patch along Z, Y and X.
    pub patch: [usize; 3],
    /// Where patches are likely.
    pub places: Places,
    /// Random changes, in this order.
    pub augmentations: Vec<Arc<dyn Augmentation>>,
}

impl Sampler {
    /// The batch of the patches from number `first` on.
    ///
    /// # Errors
    ///
    /// [`DataError`] if an image cannot be read or used.
    pub fn batch(&self, first: u64, patches: usize) -> Result<Batch, DataError> {
        let patches: Vec<Patch> = (first..first + patches as u64)
            .map(|number| self.patch(number))
            .collect::<Result<_, _>>()?;
        let join = |views: Vec<ArrayView4<'_, f32>>| {
            stack(Axis(0), &views).map_err(|error| DataError::Workers {
                cause: error.to_string(),
            })
        };
        let weights: Option<Vec<_>> = patches
            .iter()
            .map(|patch| Some(patch.weight.as_ref()?.view()))
            .collect();
        Ok(Batch {
            source: join(patches.iter().map(|patch| patch.source.view()).collect())?,
            target: join(patches.iter().map(|patch| patch.target.view()).collect())?,
            weight: weights.map(join).transpose()?,
        })
    }

    /// The first `patches` patches in batches of `batch_size`, the last one perhaps smaller.
    ///
    /// # Errors
    ///
    /// [`DataError`] if an image cannot be read or used.
    pub fn batches(&self, patches: usize, batch_size: usize) -> Result<Vec<Batch>, DataError> {
        (0..patches)
            .step_by(batch_size.max(1))
            .map(|first| self.batch(first as u64, batch_size.max(1).min(patches - first)))
            .collect()
    }

    fn patch(&self, number: u64) -> Result<Patch, DataError> {
        let images = self.images.len() as u64;
        if images == 0 {
            return Err(DataError::NoPairs);
        }
        let index = self.order(number / images)[(number % images) as usize];
        let sample = self.images.get(index)?;
        self.warn_if_small(&sample);
        let mut random = stream(self.seed, self.purpose, number);
        let failed = |cause| DataError::Preparation {
            path: self.images.data().pairs()[index].source.clone(),
            cause,
        };
        let place = self.places.draw(&sample, self.patch, &mut random);
        let place = place.map_err(failed)?;
        let cut = |image| cut(image, place, self.patch).map_err(failed);
        let mut patch = Patch {
            source: cut(&sample.source)?,
            target: cut(&sample.target)?,
            weight: sample.weight.as_ref().map(cut).transpose()?,
        };
        for augmentation in &self.augmentations {
            augmentation.apply(&mut patch, &mut random);
        }
        Ok(patch)
    }

    /// The order of the images in a round.
    fn order(&self, round: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.images.len()).collect();
        order.shuffle(&mut stream(
            self.seed,
            &format!("{} order", self.purpose),
            round,
        ));
        order
    }

    fn warn_if_small(&self, sample: &Sample) {
        let image = size(&sample.source);
        if (0..3).any(|axis| image[axis] < self.patch[axis]) {
            let words = |[z, y, x]: [usize; 3]| {
                if image[0] == 1 && self.patch[0] == 1 {
                    format!("{y} x {x}")
                } else {
                    format!("{z} x {y} x {x}")
                }
            };
            self.images.warn(format!(
                "`{}` ({} pixels) is smaller than a patch ({}): it is mirrored at its edges",
                sample.name,
                words(image),
                words(self.patch)
            ));
        }
    }
}
