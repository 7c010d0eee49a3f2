//! CZI: images of Zeiss microscopes. Read, never written.
//!
//! Scenes, views, angles and the like are images of their own, with names such as `S0`. Mosaics are
//! put together at their stored positions, later tiles over earlier ones; what no tile covers is 0.
//! Smaller copies are not used. Blocks are uncompressed, Zstandard, LZW or JPEG; JPEG XR and
//! complex samples are refused. Colours become three channels for each channel.
//!
//! A region costs the blocks that it touches: of uncompressed ones only the rows, others whole.
//!
//! Source: "ZISRAW (CZI) File Format", DS 1.2.2, and the documentation of `libCZI`.

mod block;
mod directory;
mod metadata;
mod read;

use std::path::Path;

use super::{Format, OpenOptions, Place, WriteOptions};
use crate::error::ImageError;
use crate::sink::{Sink, Target};
use crate::source::Source;

/// The CZI format.
pub(super) struct Czi;

impl Format for Czi {
    fn name(&self) -> &'static str {
        "CZI"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["czi"]
    }

    fn recognises(&self, place: Place) -> bool {
        matches!(place, Place::File(_, head) if head.starts_with(b"ZISRAWFILE"))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn Source>, ImageError> {
        Ok(Box::new(read::CziSource::open(path, options)?))
    }

    fn create(
        &self,
        path: &Path,
        _target: Target,
        _options: &WriteOptions,
    ) -> Result<Box<dyn Sink>, ImageError> {
        Err(super::known::never_written(path, "CZI"))
    }
}
