//! TIFF and BigTIFF: single images and stacks, with the axes of ImageJ, OME and tifffile.
//!
//! Pages without such a description are sections (`z`). Samples keep their stored values: also
//! where 0 means white and where there is a palette (a lookup table). Bilevel samples become 0 and 1, half floats become `float32`, YCbCr
//! becomes RGB. Read are uncompressed, LZW, Deflate, `PackBits`, JPEG and fax group 4 pages.
//! Reduced-resolution pages and sub-directories are skipped.

mod arrangement;
mod chunk;
mod decode;
mod imagej;
mod ome;
mod page;
mod read;
mod stored;
mod tifffile;
mod write;

use std::path::Path;

use super::buffered::Buffered;
use super::{Format, OpenOptions, Place, WriteOptions};
use crate::error::ImageError;
use crate::sink::{Sink, Target};
use crate::source::Source;

/// The TIFF format.
pub(super) struct Tiff;

impl Format for Tiff {
    fn name(&self) -> &'static str {
        "TIFF"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tif", "tiff", "btf", "tf2", "tf8"]
    }

    fn recognises(&self, place: Place) -> bool {
        let Place::File(_, head) = place else {
            return false;
        };
        [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
            .iter()
            .any(|magic| head.starts_with(*magic))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn Source>, ImageError> {
        Ok(Box::new(read::TiffSource::open(path, options.limits)?))
    }

    fn create(
        &self,
        path: &Path,
        target: Target,
        _options: &WriteOptions,
    ) -> Result<Box<dyn Sink>, ImageError> {
        Ok(Box::new(Buffered::new(path, target, write::write)?))
    }
}
