//! What a file says about its image.

use std::path::PathBuf;

use serde::Serialize;

use crate::axes::{Axes, Axis};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::image::{Image, Metadata, Pixels};
use crate::source::Region;

/// The description of an image, known without reading its pixels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ImageInfo {
    /// The file, folder or address.
    pub path: PathBuf,
    /// The name of the file format.
    pub format: &'static str,
    /// The axes, slowest first.
    pub axes: Axes,
    /// The lengths of the axes, in their order.
    pub shape: Vec<usize>,
    /// The sample type after reading; 1, 2 and 4 bit samples become 8 bits, half floats 32.
    pub dtype: DType,
    /// Pixel size, channels and the like.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// How the pixels are packed in the file, such as `none`, `deflate`.
    pub compression: String,
    /// The lengths, in the order of the axes, of what is unpacked at once: strip, tile or chunk.
    pub block: Vec<usize>,
    /// The shapes of all resolutions of the image in the order of the axes, the full one first.
    pub levels: Vec<Vec<usize>>,
    /// The names of all images of the file in their order; the one described here is among them.
    pub series: Vec<String>,
    /// How many pages the file has; 1 for formats without pages.
    pub pages: usize,
    /// What a reader of the image should know, such as missing parts that are read as zeros.
    pub warnings: Vec<String>,
}

impl ImageInfo {
    /// A description of which only the pixels are known: one resolution, one image, one page.
    pub(crate) fn new(
        path: impl Into<PathBuf>,
        format: &'static str,
        axes: Axes,
        shape: Vec<usize>,
        dtype: DType,
    ) -> ImageInfo {
        ImageInfo {
            path: path.into(),
            format,
            axes,
            dtype,
            metadata: Metadata::default(),
            compression: "none".to_owned(),
            block: shape.clone(),
            levels: vec![shape.clone()],
            series: vec!["0".to_owned()],
            shape,
            pages: 1,
            warnings: Vec::new(),
        }
    }

    /// The length along an axis; 1 if the image does not have it.
    pub fn len_of(&self, axis: Axis) -> usize {
        self.axes
            .position(axis)
            .map_or(1, |position| self.shape[position])
    }

    /// The length of a block along an axis; 1 if the image does not have it.
    pub fn block_of(&self, axis: Axis) -> usize {
        self.axes
            .position(axis)
            .map_or(1, |position| self.block[position])
    }

    /// An image of the pixels that were read for a region.
    pub(crate) fn image(&self, pixels: Pixels, region: &Region) -> Result<Image, ImageError> {
        let range = region.range(Axis::C, self.len_of(Axis::C));
        let mut metadata = self.metadata.clone();
        metadata.channels = metadata.channels.get(range).unwrap_or_default().to_vec();
        Image::new(pixels, self.axes.clone())?
            .with_path(&self.path)
            .with_metadata(metadata)
    }

    /// The size of the decoded pixels in bytes.
    pub fn bytes(&self) -> u128 {
        bytes(self.dtype, &self.shape)
    }

    /// The error of a call for a resolution that is not in [`ImageInfo::levels`].
    pub(crate) fn no_such_level(&self, level: usize) -> ImageError {
        ImageError::Misuse {
            path: Some(self.path.clone()),
            problem: format!(
                "has {} resolution level{}, there is no level {level} (0 is the full resolution)",
                self.levels.len(),
                if self.levels.len() == 1 { "" } else { "s" },
            ),
        }
    }

    /// Checks a level of a source that has only the full resolution.
    pub(crate) fn check_only_level(&self, level: usize) -> Result<(), ImageError> {
        match level {
            0 => Ok(()),
            _ => Err(self.no_such_level(level)),
        }
    }

    /// Checks that the pixels of a region may be held in memory.
    pub(crate) fn check_limit(&self, shape: &[usize], limit: u64) -> Result<(), ImageError> {
        let needed = bytes(self.dtype, shape);
        if needed > u128::from(limit) {
            let path = self.path.clone();
            return Err(ImageError::OverLimit {
                path,
                needed,
                limit,
            });
        }
        Ok(())
    }
}

/// The size of an array in bytes; cannot overflow for lengths that come from a file.
pub(crate) fn bytes(dtype: DType, shape: &[usize]) -> u128 {
    shape.iter().fold(dtype.bytes() as u128, |bytes, &length| {
        bytes.saturating_mul(length as u128)
    })
}
