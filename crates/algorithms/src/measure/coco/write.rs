//! Annotation files, written.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::CocoError;
use super::annotation::{Dataset, Detection};
use coverslip_image::files::write_atomic;

/// Writes an annotation file, which appears whole or not at all.
///
/// # Errors
/// [`CocoError::File`].
pub fn write_annotations(path: &Path, dataset: &Dataset) -> Result<(), CocoError> {
    write(path, dataset)
}

/// Writes a file of results.
///
/// # Errors
/// [`CocoError::File`].
pub fn write_detections(path: &Path, detections: &[Detection]) -> Result<(), CocoError> {
    write(path, detections)
}

fn write<T: Serialize + ?Sized>(path: &Path, content: &T) -> Result<(), CocoError> {
    let refused = |cause| CocoError::File {
        path: path.to_path_buf(),
        cause,
    };
    write_atomic(path, refused, |file| {
        serde_json::to_writer(&mut *file, content).map_err(|error| refused(error.into()))?;
        file.flush().map_err(refused)
    })
}
