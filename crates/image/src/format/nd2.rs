//! ND2: images of Nikon microscopes, format version 3 (since 2009). Read, never written.
//!
//! Stage positions are images of their own. Frames are uncompressed or Deflate; early JPEG 2000
//! files are another format. Pixels of three colours are taken as red, green and blue.
//!
//! A region costs the frames that it touches: of uncompressed ones only the rows, others whole.
//!
//! Sources: the chunk layout as documented by the Python packages `nd2` and `pims_nd2`.

mod chunks;
mod metadata;
mod read;
mod variant;

use std::path::Path;

use super::{Format, OpenOptions, Place, WriteOptions};
use crate::error::ImageError;
use crate::sink::{Sink, Target};
use crate::source::Source;

/// The ND2 format.
pub(super) struct Nd2;

impl Format for Nd2 {
    fn name(&self) -> &'static str {
        "ND2"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["nd2"]
    }

    fn recognises(&self, place: Place) -> bool {
        matches!(place, Place::File(_, head) if head.starts_with(&chunks::MAGIC.to_le_bytes()))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn Source>, ImageError> {
        Ok(Box::new(read::Nd2Source::open(path, options)?))
    }

    fn create(
        &self,
        path: &Path,
        _target: Target,
        _options: &WriteOptions,
    ) -> Result<Box<dyn Sink>, ImageError> {
        Err(super::known::never_written(path, "ND2"))
    }
}
