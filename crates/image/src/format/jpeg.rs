//! JPEG: 8-bit grey and colour images, baseline and progressive. Read, never written.
//!
//! YCbCr becomes red, green and blue, and so do CMYK and YCCK, without a colour profile. Pixels stay
//! as they are stored whatever the EXIF orientation says; a warning tells of it. JPEG of more than
//! 8 bits, lossless and arithmetic-coded JPEG are refused.
//!
//! A region of a JPEG costs the decoding of the whole file the first time; the decoded image is
//! then kept until the source is dropped. A read of the whole image keeps nothing.

mod header;
mod orientation;
mod read;

use std::path::Path;

use super::{Format, OpenOptions, Place, WriteOptions};
use crate::error::ImageError;
use crate::sink::{Sink, Target};
use crate::source::Source;

/// The JPEG format.
pub(super) struct Jpeg;

impl Format for Jpeg {
    fn name(&self) -> &'static str {
        "JPEG"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["jpg", "jpeg"]
    }

    fn recognises(&self, place: Place) -> bool {
        matches!(place, Place::File(_, head) if head.starts_with(b"\xff\xd8\xff"))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn Source>, ImageError> {
        Ok(Box::new(read::JpegSource::open(path, options.limits)?))
    }

    fn create(
        &self,
        path: &Path,
        _target: Target,
        _options: &WriteOptions,
    ) -> Result<Box<dyn Sink>, ImageError> {
        Err(ImageError::Unsupported {
            path: path.to_owned(),
            feature: "JPEG is never written, because it changes the pixels".to_owned(),
            remedy: "write the image as .tif or .png".to_owned(),
        })
    }
}
