//! Samples in memory.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Channels, DataError, DataSet, Recipe, Sample};

/// The samples of a data set, read when they are first asked for.
///
/// They are kept in memory up to a limit; what does not fit is read again from disk each time.
/// May be used from several threads.
pub struct Images {
    data: DataSet,
    recipe: Recipe,
    limit: usize,
    used: AtomicUsize,
    slots: Vec<Mutex<Option<Arc<Sample>>>>,
    channels: OnceLock<Channels>,
    warnings: Mutex<Warnings>,
}

#[derive(Default)]
struct Warnings {
    said: BTreeSet<String>,
    fresh: Vec<String>,
}

impl Images {
    /// The images of `data`, prepared by `recipe`, of which at most `limit` bytes are kept.
    pub fn new(data: DataSet, recipe: Recipe, limit: usize) -> Self {
        let slots = data.pairs().iter().map(|_| Mutex::new(None)).collect();
        let images = Self {
            data,
            recipe,
            limit,
            used: AtomicUsize::new(0),
            slots,
            channels: OnceLock::new(),
            warnings: Mutex::default(),
        };
        for warning in images.data.warnings() {
            images.warn(warning.clone());
        }
        images
    }

    /// The files.
    pub fn data(&self) -> &DataSet {
        &self.data
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The sample number `index`, from memory or from disk.
    ///
    /// # Errors
    ///
    /// As [`Recipe::load`]; besides if its channels are not those of the first image.
    ///
    /// # Panics
    ///
    /// If there is no image of this number.
    pub fn get(&self, index: usize) -> Result<Arc<Sample>, DataError> {
        let sample = self.load(index)?;
        self.check_channels(index, &sample)?;
        Ok(sample)
    }

    /// The number of channels of all sources and, where there are any, of all targets: those of the
    /// first.
    ///
    /// # Errors
    ///
    /// As [`Recipe::load`].
    ///
    /// # Panics
    ///
    /// If there are no images.
    pub fn channels(&self) -> Result<Channels, DataError> {
        if let Some(channels) = self.channels.get() {
            return Ok(*channels);
        }
        let sample = self.load(0)?;
        Ok(*self.channels.get_or_init(|| Channels::of(&sample)))
    }

    fn load(&self, index: usize) -> Result<Arc<Sample>, DataError> {
        // Held while reading, so that no two threads read the same image.
        let mut slot = self.slots[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(sample) = slot.as_ref() {
            return Ok(Arc::clone(sample));
        }
        let sample = Arc::new(self.recipe.load(&self.data.pairs()[index])?);
        for warning in &sample.warnings {
            self.warn(warning.clone());
        }
        let bytes = sample.bytes();
        if self.used.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.limit {
            *slot = Some(Arc::clone(&sample));
        } else {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
        }
        Ok(sample)
    }

    fn check_channels(&self, index: usize, sample: &Sample) -> Result<(), DataError> {
        let [first, pair] = [0, index].map(|index| &self.data.pairs()[index]);
        Channels::of(sample).check(pair, self.channels()?, first)
    }

    /// What the user should know and has not been told yet, each thing once.
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut warnings.fresh)
    }

    /// Notes a warning unless it was noted before.
    pub(super) fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if warnings.said.insert(warning.clone()) {
            warnings.fresh.push(warning);
        }
    }
}
