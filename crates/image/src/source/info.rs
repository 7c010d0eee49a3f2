//! What a file says about its image.

use std::path::PathBuf;

use serde::Serialize;

use crate::axes::{Axes, Axis};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::image::{Image, PixelSize, Pixels};
use crate::source::Region;

/// The description of an image, known without reading its pixels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ImageInfo {
    /// The file.
    pub path: PathBuf,
    /// The name of the file format.
    pub format: &'static str,
    /// The axes, slowest first.
    pub axes: Axes,
    /// The lengths of the axes, in their order.
    pub shape: Vec<usize>,
    /// The sample type after reading; 1, 2 and 4 bit samples become 8 bits, half floats 32.
    pub dtype: DType,
    /// The size of a pixel in micrometres.
    pub pixel_size: PixelSize,
    /// The names of the channels; empty if the file has none.
    pub channel_names: Vec<String>,
    /// How the pixels are packed in the file, such as `none`, `deflate`.
    pub compression: String,
    /// How many pages the file has; 1 for formats without pages.
    pub pages: usize,
}

impl ImageInfo {
    /// The length along an axis; 1 if the image does not have it.
    pub fn len_of(&self, axis: Axis) -> usize {
        self.axes
            .position(axis)
            .map_or(1, |position| self.shape[position])
    }

    /// An image of the pixels that were read for a region.
    pub(crate) fn image(&self, pixels: Pixels, region: &Region) -> Result<Image, ImageError> {
        let channels = self.len_of(Axis::C);
        let range = region.range(Axis::C, channels);
        let names = self.channel_names.get(range).unwrap_or_default().to_vec();
        Image::new(pixels, self.axes.clone())?
            .with_path(&self.path)
            .with_pixel_size(self.pixel_size)
            .with_channel_names(names)
    }

    /// The size of the decoded pixels in bytes.
    pub fn bytes(&self) -> u128 {
        bytes(self.dtype, &self.shape)
    }
}

/// The size of an array in bytes; cannot overflow for lengths that come from a file.
pub(crate) fn bytes(dtype: DType, shape: &[usize]) -> u128 {
    shape.iter().fold(dtype.bytes() as u128, |bytes, &length| {
        bytes.saturating_mul(length as u128)
    })
}
