//! Reading images without knowing their format, a part at a time.

pub mod blocks;
mod info;
mod memory;
mod region;
pub mod view;

pub use info::ImageInfo;
pub(crate) use info::bytes;
pub use memory::InMemory;
pub use region::Region;

use crate::error::ImageError;
use crate::image::Image;

/// An opened image: its description is known, its pixels are read on demand.
///
/// A source is cheap to keep and may be read from several threads at once.
pub trait Source: Send + Sync {
    /// What the file says about the image.
    fn info(&self) -> &ImageInfo;

    /// Reads a part of the image. The result has the axes of [`Source::info`].
    ///
    /// Formats that can read a part of a file without the rest do so; memory then follows the
    /// region and not the file.
    ///
    /// # Errors
    ///
    /// [`ImageError::Misuse`] for a region outside the image, [`ImageError::OverLimit`] for one
    /// whose pixels take more memory than the limit, otherwise any fault of the file.
    fn read_region(&self, region: &Region) -> Result<Image, ImageError>;

    /// The same image at one of the resolutions that [`ImageInfo::levels`] lists; 0 is the full one.
    ///
    /// # Errors
    ///
    /// [`ImageError::Misuse`] if there is no such level, otherwise any fault of the file.
    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError>;

    /// Reads the whole image.
    ///
    /// # Errors
    ///
    /// Any fault of the file.
    fn read(&self) -> Result<Image, ImageError> {
        self.read_region(&Region::default())
    }
}
