//! TIFF and BigTIFF: single images and stacks, with the axes of ImageJ, OME and tifffile.
//!
//! Pages without such a description are sections (`z`); pages of another size are images of their
//! own or smaller copies. Samples keep their stored values: also where 0 means white and where
//! there is a palette (a lookup table). Samples of 1 to 64 bits get the next larger type, bilevel
//! ones become 0 and 1, half floats `float32`, YCbCr becomes RGB. Read are uncompressed, LZW,
//! Deflate, `PackBits`, Zstandard, JPEG and fax pages.
//!
//! Written are OME-TIFF (tiles, smaller copies in sub-directories) and TIFF as ImageJ has it.
//!
//! Sources: TIFF 6.0; TIFF technical notes 1 to 3; the BigTIFF and OME-TIFF specifications.

mod arrangement;
mod chunk;
mod codec;
mod directory;
mod document;
mod extents;
mod file;
mod imagej;
mod info;
mod layout;
mod metamorph;
mod ome;
mod page;
mod pieces;
mod predict;
mod sample;
mod series;
mod source;
mod tags;
mod tifffile;
mod write;

use std::path::Path;

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
        Ok(Box::new(source::TiffSource::open(path, options)?))
    }

    fn create(
        &self,
        path: &Path,
        target: Target,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>, ImageError> {
        write::create(path, target, options)
    }
}
