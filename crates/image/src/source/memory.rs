//! An image in memory as a source, so that it takes the road of those in files.

use std::path::Path;

use ndarray::Slice;

use super::{ImageInfo, Region, Source};
use crate::error::ImageError;
use crate::image::{Image, Pixels, match_pixels};

/// A [`Source`] whose pixels are in memory.
///
/// ```
/// use coverslip_image::{Axis, Image, source::{InMemory, Region, Source}};
/// use ndarray::Array2;
///
/// let pixels = Array2::from_shape_fn((4, 6), |(y, x)| (10 * y + x) as u8);
/// let source = InMemory::new(Image::new(pixels, "yx".parse()?)?);
/// let corner = source.read_region(&Region::default().with(Axis::Y, 2..4).with(Axis::X, 3..6))?;
/// assert_eq!(corner.shape(), [2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct InMemory {
    info: ImageInfo,
    pixels: Pixels,
}

impl InMemory {
    /// The image as a source of one block.
    pub fn new(image: Image) -> Self {
        let path = image.path().unwrap_or(Path::new("the image"));
        let (axes, shape) = (image.axes().clone(), image.shape().to_vec());
        let mut info = ImageInfo::new(path, "memory", axes, shape, image.dtype());
        info.metadata = image.metadata().clone();
        let pixels = image.into_pixels();
        Self { info, pixels }
    }

    /// The same source, said to be stored in blocks of these lengths, in the order of the axes.
    pub fn with_block(mut self, lengths: Vec<usize>) -> Self {
        self.info.block = lengths;
        self
    }
}

impl Source for InMemory {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let ranges = region.resolve(&self.info)?;
        let part = match_pixels!(&self.pixels, array => array
            .slice_each_axis(|axis| Slice::from(ranges[axis.axis.index()].clone()))
            .to_owned()
            .into());
        self.info.image(part, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(Self {
            info: self.info.clone(),
            pixels: self.pixels.clone(),
        }))
    }
}
