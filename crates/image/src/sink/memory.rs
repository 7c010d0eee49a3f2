//! An image in memory as a sink, so that results that fit take the road of those in files.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Sink, Target};
use crate::error::ImageError;
use crate::image::{Image, Pixels};

/// A [`Sink`] whose pixels stay in memory; its clones write into the same image.
#[derive(Clone)]
pub struct InMemory {
    target: Target,
    block: Vec<usize>,
    pixels: Arc<Mutex<Pixels>>,
}

impl InMemory {
    /// An image of zeros that takes blocks of any size.
    pub fn new(target: Target) -> Self {
        let pixels = Pixels::zeros(target.dtype, &target.shape);
        Self {
            block: target.shape.clone(),
            pixels: Arc::new(Mutex::new(pixels)),
            target,
        }
    }

    /// The same sink, said to be cheapest in blocks of these lengths, in the order of the axes.
    pub fn with_block(mut self, lengths: Vec<usize>) -> Self {
        self.block = lengths;
        self
    }

    /// What has been written.
    ///
    /// # Errors
    ///
    /// [`ImageError::Misuse`] if the target names another number of channels than it has.
    pub fn into_image(self) -> Result<Image, ImageError> {
        let pixels = match Arc::try_unwrap(self.pixels) {
            Ok(pixels) => pixels.into_inner().unwrap_or_else(PoisonError::into_inner),
            Err(shared) => (shared.lock().unwrap_or_else(PoisonError::into_inner)).clone(),
        };
        Image::new(pixels, self.target.axes)?.with_metadata(self.target.metadata)
    }
}

impl Sink for InMemory {
    fn target(&self) -> &Target {
        &self.target
    }

    fn block(&self) -> &[usize] {
        &self.block
    }

    fn write(&self, origin: &[usize], pixels: &Pixels) -> Result<(), ImageError> {
        let mut whole = self.pixels.lock().unwrap_or_else(PoisonError::into_inner);
        (whole.paste(origin, pixels))
            .ok_or_else(|| (self.target).misfit(Path::new("the image"), origin, pixels))
    }

    fn finish(self: Box<Self>) -> Result<(), ImageError> {
        Ok(())
    }
}
