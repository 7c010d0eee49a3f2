//! The images that a run trains on, or those that it validates on.

use std::sync::Arc;

use rayon::prelude::*;

use crate::{
    base::{error::Error, monitor::Monitor},
    data::{Channels, DataError, DataSet, Images, Recipe},
};

/// The files of a subset.
pub(super) struct Sets {
    /// Pairs, or sources.
    pub(super) images: DataSet,
    /// Targets that are drawn by themselves.
    pub(super) targets: Option<DataSet>,
}

impl Sets {
    pub(super) fn check_sizes(&self) -> Result<(), DataError> {
        self.images.check_sizes()
    }

    pub(super) fn len(&self) -> usize {
        self.images.len()
    }
}

/// How the images of a subset are prepared, and targets that are drawn by themselves.
pub(super) struct Recipes {
    pub(super) images: Recipe,
    pub(super) targets: Recipe,
}

/// Images in memory and on disk.
pub(super) struct Subset {
    pub(super) images: Arc<Images>,
    pub(super) targets: Option<Arc<Images>>,
}

impl Subset {
    /// At most `limit` bytes of the images of either side are kept in memory.
    pub(super) fn new(sets: Sets, recipes: &Recipes, limit: usize) -> Self {
        let images = |set, recipe: &Recipe| Arc::new(Images::new(set, recipe.clone(), limit));
        Self {
            images: images(sets.images, &recipes.images),
            targets: sets.targets.map(|set| images(set, &recipes.targets)),
        }
    }

    fn sides(&self) -> impl Iterator<Item = &Arc<Images>> {
        std::iter::once(&self.images).chain(&self.targets)
    }

    pub(super) fn read_all(&self, monitor: &dyn Monitor) -> Result<(), Error> {
        for images in self.sides() {
            let _task = monitor.begin("reading images", images.len() as u64);
            // Before the threads start, which would otherwise wait for each other's first image.
            images.channels()?;
            let faults: Vec<Result<(), DataError>> = (0..images.len())
                .into_par_iter()
                .map(|index| images.get(index).map(|_| ()))
                .collect();
            // The first in the order of names, whichever thread was faster.
            faults.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    /// The channels of sources and targets, paired or not.
    pub(super) fn channels(&self) -> Result<Channels, DataError> {
        let mut channels = self.images.channels()?;
        if let Some(targets) = &self.targets {
            channels.target = Some(targets.channels()?.source);
        }
        Ok(channels)
    }

    /// Refuses images with other channels than those of `first`.
    pub(super) fn check_channels(&self, first: &Self) -> Result<(), Error> {
        for (first, other) in first.sides().zip(self.sides()) {
            let pair = |images: &Images| images.data().pairs()[0].clone();
            (other.channels()?).check(&pair(other), first.channels()?, &pair(first))?;
        }
        Ok(())
    }

    pub(super) fn pass_warnings(&self, monitor: &dyn Monitor) {
        for images in self.sides() {
            (images.take_warnings().iter()).for_each(|warning| monitor.warn(warning));
        }
    }

    /// A hash of names and contents of all files.
    pub(super) fn fingerprint(&self) -> Result<String, DataError> {
        let hashes = self.sides().map(|images| images.data().fingerprint());
        Ok(hashes.collect::<Result<Vec<_>, _>>()?.join("-"))
    }
}
