//! Batches as functions of their number.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use coverslip_algorithms::AlgorithmError;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::patch::cut;
use super::sample::size;
use super::{Batch, DataError, Images, Patch, PatchStep, Sample, Sampling};
use crate::base::random::stream;

/// Cuts patches at random places of random images.
///
/// Each patch is a function of the seed and its number alone: neither threads nor what came before
/// matter. Images take turns: in each round of as many patches as images, each image has one.
#[derive(Clone)]
pub struct Sampler {
    /// The images: pairs, or sources.
    pub images: Arc<Images>,
    /// Targets that are drawn by themselves, read as sources of their own: each image of theirs has
    /// its turn too.
    pub targets: Option<Arc<Images>>,
    /// Drives the random draws.
    pub seed: u64,
    /// The purpose, such as `training`: patches of different purposes are independent.
    pub purpose: &'static str,
    /// The size of a patch along Z, Y and X.
    pub patch: [usize; 3],
    /// Where patches are likely.
    pub sampling: Sampling,
    /// The share of balanced patches with an object in the middle.
    pub foreground: f64,
    /// Random changes, in this order; unpaired targets have draws of their own.
    pub augmentations: Vec<Arc<dyn PatchStep>>,
    /// What a framework makes of the patches after that.
    pub last_steps: Vec<Arc<dyn PatchStep>>,
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
        Batch::stack(&patches).map_err(|error| DataError::Workers {
            cause: error.to_string(),
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
        let (mut patch, path) = self.drawn(&self.images, self.purpose, number)?;
        if let Some(targets) = &self.targets {
            let purpose = format!("{} targets", self.purpose);
            let (drawn, _) = self.drawn(targets, &purpose, number)?;
            patch.target = Some(drawn.source);
        }
        if !self.last_steps.is_empty() {
            let purpose = format!("{} last steps", self.purpose);
            let mut random = stream(self.seed, &purpose, number);
            apply(&self.last_steps, &mut patch, &mut random, &path)?;
        }
        Ok(patch)
    }

    /// The augmented patch of a number, and the file it was cut from.
    fn drawn(
        &self,
        images: &Images,
        purpose: &str,
        number: u64,
    ) -> Result<(Patch, PathBuf), DataError> {
        let count = images.len() as u64;
        if count == 0 {
            return Err(DataError::NoPairs);
        }
        let order = self.order(images.len(), purpose, number / count);
        let index = order[(number % count) as usize];
        let sample = images.get(index)?;
        self.warn_if_small(images, &sample);
        let path = &images.data().pairs()[index].source;
        let mut random = stream(self.seed, purpose, number);
        let failed = |cause| preparation(path, cause);
        let place = self
            .sampling
            .place(self.foreground, &sample, self.patch, &mut random)
            .map_err(failed)?;
        let cut = |image| cut(image, place, self.patch).map_err(failed);
        let mut patch = Patch {
            target: sample.target.as_ref().map(cut).transpose()?,
            weight: sample.weight.as_ref().map(cut).transpose()?,
            ..Patch::new(cut(&sample.source)?)
        };
        apply(&self.augmentations, &mut patch, &mut random, path)?;
        Ok((patch, path.clone()))
    }

    /// The order of `count` images in a round.
    fn order(&self, count: usize, purpose: &str, round: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut stream(self.seed, &format!("{purpose} order"), round));
        order
    }

    fn warn_if_small(&self, images: &Images, sample: &Sample) {
        let image = size(&sample.source);
        if (0..3).any(|axis| image[axis] < self.patch[axis]) {
            let words = |[z, y, x]: [usize; 3]| {
                if image[0] == 1 && self.patch[0] == 1 {
                    format!("{y} x {x}")
                } else {
                    format!("{z} x {y} x {x}")
                }
            };
            images.warn(format!(
                "`{}` ({} pixels) is smaller than a patch ({}): it is mirrored at its edges",
                sample.name,
                words(image),
                words(self.patch)
            ));
        }
    }
}

/// Takes a patch of the image `path` through steps.
fn apply(
    steps: &[Arc<dyn PatchStep>],
    patch: &mut Patch,
    random: &mut ChaCha8Rng,
    path: &Path,
) -> Result<(), DataError> {
    let mut steps = steps.iter();
    steps
        .try_for_each(|step| step.apply(patch, random))
        .map_err(|cause| preparation(path, cause))
}

fn preparation(path: &Path, cause: AlgorithmError) -> DataError {
    let path = path.to_owned();
    DataError::Preparation { path, cause }
}
