//! Sets of regions of interest for ImageJ's ROI manager.

use std::io::{self, Write};
use std::path::Path;

use ndarray::ArrayView3;
use zip::CompressionMethod;
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

use super::{for_each_outline, roi};
use coverslip_image::error::ImageError;
use coverslip_image::files::write_atomic;

/// Writes the outlines of a `Z Y X` label map as a set that ImageJ's ROI manager opens.
///
/// A selection is named by its label; in maps of several sections the section (from 1) stands
/// before it, `0003-17`, and is its position in the stack. Objects of one ring are traced
/// selections, those with holes or parts, or beyond 32767 pixels, composite ones.
///
/// # Errors
///
/// [`ImageError::Io`] if the operating system refuses.
pub fn write_roi_zip(path: impl AsRef<Path>, labels: &ArrayView3<u32>) -> Result<(), ImageError> {
    let path = path.as_ref();
    let refused = |error| ImageError::io(path, "write", error);
    let is_volume = labels.shape()[0] > 1;
    // Times of day would make every file another one.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    write_atomic(path, refused, |file| {
        let mut archive = ZipWriter::new(file);
        for_each_outline(labels, |z, outline| {
            let (name, section) = if is_volume {
                (format!("{:04}-{}", z + 1, outline.id), z as u32 + 1)
            } else {
                (outline.id.to_string(), 0)
            };
            archive
                .start_file(format!("{name}.roi"), options)
                .map_err(|error| refused(as_io(error)))?;
            archive
                .write_all(&roi::encode(outline, &name, section))
                .map_err(refused)
        })?;
        archive.finish().map_err(|error| refused(as_io(error)))?;
        Ok(())
    })
}

fn as_io(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other),
    }
}
