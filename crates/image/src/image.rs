//! The one image type that everything downstream of the file formats sees.

mod canonical;
mod metadata;
mod pixel_size;
mod pixels;

use std::path::{Path, PathBuf};

pub(crate) use canonical::tczyx;
pub use metadata::{Channel, Metadata};
pub use pixel_size::PixelSize;
pub(crate) use pixel_size::micrometres_per;
pub(crate) use pixels::match_pixels;
pub use pixels::{PixelType, Pixels};

use crate::axes::{Axes, Axis};
use crate::dtype::DType;
use crate::error::ImageError;

/// Pixels with named axes, physical pixel sizes and channel names.
///
/// The number of array dimensions always equals the number of axes.
#[derive(Clone, Debug)]
pub struct Image {
    pixels: Pixels,
    axes: Axes,
    metadata: Metadata,
    path: Option<PathBuf>,
}

impl Image {
    /// An image of these pixels; `axes` names the array's dimensions from the slowest to the
    /// fastest.
    ///
    /// # Errors
    ///
    /// [`ImageError::Misuse`] if there are not as many axes as dimensions.
    pub fn new(pixels: impl Into<Pixels>, axes: Axes) -> Result<Image, ImageError> {
        let pixels = pixels.into();
        if pixels.shape().len() != axes.len() {
            return Err(ImageError::Misuse {
                path: None,
                problem: format!(
                    "has an array of {} dimensions but the axes `{axes}`",
                    pixels.shape().len()
                ),
            });
        }
        Ok(Image {
            pixels,
            axes,
            metadata: Metadata::default(),
            path: None,
        })
    }

    /// The samples.
    pub fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The samples, taken out of the image.
    pub fn into_pixels(self) -> Pixels {
        self.pixels
    }

    /// The names of the array's dimensions, slowest first.
    pub fn axes(&self) -> &Axes {
        &self.axes
    }

    /// The lengths of the axes, in their order.
    pub fn shape(&self) -> &[usize] {
        self.pixels.shape()
    }

    /// The sample type.
    pub fn dtype(&self) -> DType {
        self.pixels.dtype()
    }

    /// The length along an axis; 1 if the image does not have it.
    pub fn len_of(&self, axis: Axis) -> usize {
        self.axes
            .position(axis)
            .map_or(1, |position| self.shape()[position])
    }

    /// Pixel size, channels and the like, as far as they are known.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The same image with other metadata.
    ///
    /// # Errors
    ///
    /// [`ImageError::Misuse`] unless there is one entry a channel, or none at all.
    pub fn with_metadata(mut self, metadata: Metadata) -> Result<Image, ImageError> {
        let channels = self.len_of(Axis::C);
        let entries = metadata.channels.len();
        if entries != 0 && entries != channels {
            return Err(ImageError::Misuse {
                path: self.path,
                problem: format!("has {channels} channels but {entries} channel names"),
            });
        }
        self.metadata = metadata;
        Ok(self)
    }

    /// The size of a pixel in micrometres, as far as it is known.
    pub fn pixel_size(&self) -> PixelSize {
        self.metadata.pixel_size
    }

    /// The same image with another pixel size.
    pub fn with_pixel_size(mut self, pixel_size: PixelSize) -> Image {
        self.metadata.pixel_size = pixel_size;
        self
    }

    /// The names of the channels in their order; empty if they have none.
    pub fn channel_names(&self) -> Vec<&str> {
        self.metadata.channel_names()
    }

    /// The same image with these channel names, and nothing else known about its channels.
    ///
    /// # Errors
    ///
    /// [`ImageError::Misuse`] unless there is one name a channel, or none at all.
    pub fn with_channel_names(self, names: Vec<String>) -> Result<Image, ImageError> {
        let metadata = self.metadata.clone().with_channel_names(names);
        self.with_metadata(metadata)
    }

    /// The file that the image was read from, if any; error messages name it.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The same image, said to come from this file.
    pub fn with_path(mut self, path: &Path) -> Image {
        self.path = Some(path.to_owned());
        self
    }
}
