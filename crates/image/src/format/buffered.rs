//! Writing formats that are written in one go: the pixels wait in memory.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::Limits;
use crate::error::ImageError;
use crate::image::{Image, Pixels};
use crate::sink::{Sink, Target};

type Write = fn(&Path, &Image) -> Result<(), ImageError>;

/// A sink that keeps the image in memory until it is complete.
pub(super) struct Buffered {
    path: PathBuf,
    target: Target,
    pixels: Mutex<Pixels>,
    write: Write,
}

impl Buffered {
    /// Refuses images above the default limit of memory.
    pub(super) fn new(path: &Path, target: Target, write: Write) -> Result<Buffered, ImageError> {
        let (needed, limit) = (target.bytes(), Limits::default().bytes);
        if needed > u128::from(limit) {
            let path = path.to_owned();
            return Err(ImageError::OverLimit {
                path,
                needed,
                limit,
            });
        }
        Ok(Buffered {
            path: path.to_owned(),
            pixels: Mutex::new(Pixels::zeros(target.dtype, &target.shape)),
            target,
            write,
        })
    }
}

impl Sink for Buffered {
    fn target(&self) -> &Target {
        &self.target
    }

    fn block(&self) -> &[usize] {
        &self.target.shape
    }

    fn write(&self, origin: &[usize], block: &Pixels) -> Result<(), ImageError> {
        let mut pixels = self.pixels.lock().unwrap_or_else(PoisonError::into_inner);
        pixels
            .paste(origin, block)
            .ok_or_else(|| self.target.misfit(&self.path, origin, block))
    }

    fn finish(self: Box<Self>) -> Result<(), ImageError> {
        let pixels = self
            .pixels
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let image = Image::new(pixels, self.target.axes)?.with_metadata(self.target.metadata)?;
        (self.write)(&self.path, &image)
    }
}
