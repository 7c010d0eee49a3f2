//! PNG: 1 to 16 bit grey, colour and palette images.
//!
//! Samples of 1, 2 and 4 bits are scaled to 0..255 as the PNG specification says, palettes are
//! expanded to colours. Transparent colours (`tRNS`), gamma and colour profiles are ignored.
//!
//! A region costs the decoding of the rows from the last region to its end, or from the first row
//! if it begins above the rows that are still kept, the last 64 MiB. So regions are best read from
//! the top to the bottom. Interlaced files are decoded and kept whole. Rows are written as soon as
//! they are complete: whole rows from the top to the bottom need no memory.

mod read;
mod rows;
mod sink;
mod unpack;

use std::path::Path;

use super::{Format, OpenOptions, Place, WriteOptions};
use crate::error::ImageError;
use crate::sink::{Sink, Target};
use crate::source::Source;

/// The PNG format.
pub(super) struct Png;

impl Format for Png {
    fn name(&self) -> &'static str {
        "PNG"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["png"]
    }

    fn recognises(&self, place: Place) -> bool {
        let Place::File(_, head) = place else {
            return false;
        };
        head.starts_with(b"\x89PNG\r\n\x1a\n")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn Source>, ImageError> {
        Ok(Box::new(read::PngSource::open(path, options.limits)?))
    }

    fn create(
        &self,
        path: &Path,
        target: Target,
        _options: &WriteOptions,
    ) -> Result<Box<dyn Sink>, ImageError> {
        Ok(Box::new(sink::PngSink::new(path, target)?))
    }
}

/// The channel names of 1 to 4 interleaved samples.
pub(in crate::format) fn colour_names(samples: usize) -> Vec<String> {
    let names: &[&str] = match samples {
        2 => &["grey", "alpha"],
        3 => &["red", "green", "blue"],
        4 => &["red", "green", "blue", "alpha"],
        _ => &[],
    };
    names.iter().map(|&name| name.to_owned()).collect()
}
