//! The list of file formats.

use super::Format;
use super::jpeg::Jpeg;
use super::png::Png;
use super::tiff::Tiff;

/// All known formats, in the order in which they are asked about a file.
pub fn formats() -> &'static [&'static dyn Format] {
    &[&Tiff, &Png, &Jpeg]
}
