//! Writing TIFF files a part at a time.
//!
//! OME-TIFF has tiles and, for large images, smaller copies in sub-directories; TIFF for ImageJ has
//! strips and ImageJ's description. Strips and tiles are packed as they come, in several threads,
//! and appended to a temporary file; directories follow at the end. Files that could pass 4 GiB are
//! `BigTIFF`.

mod description;
mod directories;
mod directory;
mod pack;
mod plan;
mod sink;
mod smaller;

use std::path::Path;

use plan::Plan;
use sink::TiffSink;

use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::WriteOptions;
use crate::sink::{Sink, Target};

/// Begins a file.
pub(super) fn create(
    path: &Path,
    target: Target,
    options: &WriteOptions,
) -> Result<Box<dyn Sink>, ImageError> {
    let plan = Plan::new(path, &target, options)?;
    macro_rules! sink {
        ($($dtype:ident $sample:ty;)*) => {
            match target.dtype {
                $(DType::$dtype => Box::new(TiffSink::<$sample>::new(path, target, plan)?),)*
            }
        };
    }
    Ok(sink! {
        UInt8 u8;
        Int8 i8;
        UInt16 u16;
        Int16 i16;
        UInt32 u32;
        Int32 i32;
        UInt64 u64;
        Int64 i64;
        Float32 f32;
        Float64 f64;
    })
}
