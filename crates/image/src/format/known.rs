//! The list of file formats.

use super::Format;
use super::png::Png;
use super::tiff::Tiff;
use super::zarr::Zarr;

/// All known formats, in the order in which they are asked about a file.
pub fn formats() -> &'static [&'static dyn Format] {
    &[&Tiff, &Png, &Zarr]
}
