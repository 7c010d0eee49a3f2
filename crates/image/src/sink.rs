//! Writing images a part at a time, without knowing their format.

use std::path::Path;

use crate::axes::{Axes, Axis};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::image::{Metadata, Pixels};
use crate::source::bytes;

mod memory;
mod time_point;

pub use memory::InMemory;
pub use time_point::TimePoint;

/// What is going to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The axes, slowest first.
    pub axes: Axes,
    /// The lengths of the axes, in their order.
    pub shape: Vec<usize>,
    /// The sample type.
    pub dtype: DType,
    /// Pixel size, channels and the like.
    pub metadata: Metadata,
    /// Whether the samples are labels: smaller copies then take pixels and never average them.
    pub is_labels: bool,
}

impl Target {
    /// The length along an axis; 1 if the image does not have it.
    pub fn len_of(&self, axis: Axis) -> usize {
        self.axes
            .position(axis)
            .map_or(1, |position| self.shape[position])
    }

    /// The size of all pixels in bytes.
    pub fn bytes(&self) -> u128 {
        bytes(self.dtype, &self.shape)
    }

    /// The error of a block that is not a part of this image.
    pub(crate) fn misfit(&self, path: &Path, origin: &[usize], block: &Pixels) -> ImageError {
        ImageError::Misuse {
            path: Some(path.to_owned()),
            problem: format!(
                "is {:?} of {}; a block of {:?} {} at {origin:?} is no part of it",
                self.shape,
                self.dtype,
                block.shape(),
                block.dtype()
            ),
        }
    }
}

/// An image that is being written.
///
/// Blocks come in any order, from any thread, and each pixel once. Nothing appears under the final
/// name before [`Sink::finish`]; a sink that is dropped before leaves no file, or what a resumed
/// writing continues from.
pub trait Sink: Send + Sync {
    /// What is being written.
    fn target(&self) -> &Target;

    /// The lengths of a block that is cheapest to write, in the order of the axes; blocks begin at
    /// its multiples. Other blocks are taken too, but parts may be held in memory until their
    /// neighbours come.
    fn block(&self) -> &[usize];

    /// Writes the pixels of a box whose first pixel is at `origin`.
    ///
    /// # Errors
    ///
    /// [`ImageError::Misuse`] for pixels of another type or beyond the image, [`ImageError::Io`] if
    /// the operating system refuses.
    fn write(&self, origin: &[usize], pixels: &Pixels) -> Result<(), ImageError>;

    /// Whether all pixels of the box at `origin` were written before an interruption.
    fn is_written(&self, _origin: &[usize], _lengths: &[usize]) -> bool {
        false
    }

    /// Writes what belongs after the pixels (directories, smaller copies, metadata) and gives the
    /// file its name.
    ///
    /// # Errors
    ///
    /// [`ImageError::Io`] if the operating system refuses.
    fn finish(self: Box<Self>) -> Result<(), ImageError>;
}
