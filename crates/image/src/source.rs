//! Reading images without knowing their format.

mod info;
mod region;

pub use info::ImageInfo;
pub(crate) use info::bytes;
pub use region::Region;

use crate::error::ImageError;
use crate::image::Image;

/// An opened image file: its description is known, its pixels are read on demand.
///
/// A source is cheap to keep and may be read from several threads.
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
    /// [`ImageError::Misuse`] for a region outside the image, otherwise any fault of the file.
    fn read_region(&self, region: &Region) -> Result<Image, ImageError>;

    /// Reads the whole image.
    ///
    /// # Errors
    ///
    /// Any fault of the file.
    fn read(&self) -> Result<Image, ImageError> {
        self.read_region(&Region::default())
    }
}
