//! Zarr arrays and OME-Zarr images: folders, zip files and addresses.
//!
//! Read are Zarr 2 and 3, and OME-Zarr up to 0.5 with all its levels, label images, collections of
//! bioformats2raw and plates; written are OME-Zarr 0.5 and 0.4. Half floats become `float32`, truth
//! values 0 and 1. Where an image has labels these are series of it, named `labels/NAME`.
//!
//! Sources: the Zarr specifications (zarr-specs.readthedocs.io, version 2, version 3.0 and its codecs)
//! and those of OME-Zarr (ngff.openmicroscopy.org, versions 0.4 and 0.5).

mod array;
mod codec;
mod ngff;
mod read;
mod store;
mod write;

use std::path::Path;

use super::{Format, OpenOptions, Place, WriteOptions, has_extension};
use crate::error::ImageError;
use crate::sink::{Sink, Target};
use crate::source::Source;

/// The Zarr format.
pub(super) struct Zarr;

impl Format for Zarr {
    fn name(&self) -> &'static str {
        "OME-Zarr"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["zarr"]
    }

    fn recognises(&self, place: Place) -> bool {
        match place {
            Place::Folder(path) => store::is_zarr(path),
            Place::File(path, head) => {
                head.starts_with(b"PK\x03\x04") && store::Zip::open(path).is_ok()
            }
            Place::Address(_) => true,
        }
    }

    fn writes(&self, path: &Path) -> bool {
        has_extension(path, self.extensions()) || write::is_label_path(path)
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn Source>, ImageError> {
        Ok(Box::new(read::ZarrSource::open(path, options)?))
    }

    fn create(
        &self,
        path: &Path,
        target: Target,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>, ImageError> {
        Ok(Box::new(write::ZarrSink::create(path, target, options)?))
    }
}
