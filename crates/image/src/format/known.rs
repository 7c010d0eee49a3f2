//! The list of file formats.

use std::path::Path;

use super::Format;
use super::czi::Czi;
use super::jpeg::Jpeg;
use super::nd2::Nd2;
use super::png::Png;
use super::tiff::Tiff;
use super::zarr::Zarr;
use crate::error::ImageError;

/// All known formats, in the order in which they are asked about a file.
pub fn formats() -> &'static [&'static dyn Format] {
    &[&Tiff, &Png, &Jpeg, &Zarr, &Czi, &Nd2]
}

/// The error of a call to write a format that is only read.
pub(super) fn never_written(path: &Path, format: &str) -> ImageError {
    ImageError::Unsupported {
        path: path.to_owned(),
        feature: format!("{format} is read, never written"),
        remedy: "write the image as .tif".to_owned(),
    }
}
