//! Images that wait on the disk for the next step.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::Volume;
use super::objects::Object;
use coverslip_image::error::ImageError;
use coverslip_image::format::{Compression, Flavour, Resume, WriteOptions, create, open};
use coverslip_image::sink::{Sink, Target};
use coverslip_image::source::Source;

/// A folder for intermediate images; it goes when the value is dropped.
pub struct Scratch {
    folder: TempDir,
    count: AtomicUsize,
}

/// An intermediate image; written through the sink that came with it, then read.
pub struct Intermediate {
    path: PathBuf,
    /// The objects of the labels, where who wrote them has counted.
    pub(super) objects: Option<Vec<Object>>,
}

impl Scratch {
    /// A folder inside `folder`, so on the disk of the result.
    ///
    /// # Errors
    ///
    /// [`ImageError::Io`].
    pub fn inside(folder: &Path) -> Result<Scratch, ImageError> {
        let folder = tempfile::Builder::new()
            .prefix(".coverslip-")
            .tempdir_in(folder)
            .map_err(|error| ImageError::io(folder, "write", error))?;
        Ok(Scratch {
            folder,
            count: AtomicUsize::new(0),
        })
    }

    /// Begins an intermediate image, in chunks that are small beside the blocks of a step: one that
    /// looks beyond its block unpacks little more than that.
    ///
    /// # Errors
    ///
    /// As [`create`].
    pub fn create(&self, target: Target) -> Result<(Intermediate, Box<dyn Sink>), ImageError> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("{number}.zarr"));
        let is_flat = target.len_of(coverslip_image::Axis::Z) == 1;
        let options = WriteOptions {
            compression: Some(Compression::Zstd),
            tile: Some(if is_flat { 256 } else { 64 }),
            pyramid: Some(false),
            flavour: Some(Flavour::OmeZarr04),
            resume: Resume::Never,
        };
        let sink = create(&path, target, &options)?;
        let objects = None;
        Ok((Intermediate { path, objects }, sink))
    }
}

impl Intermediate {
    /// The image, once its sink is finished.
    ///
    /// # Errors
    ///
    /// Any fault of the file.
    pub fn open(&self) -> Result<Box<dyn Source>, ImageError> {
        open(&self.path)
    }

    /// The labels, read through `source`, which is this image; see [`Volume::new`].
    ///
    /// # Errors
    ///
    /// As [`Volume::new`].
    pub fn volume<'a>(
        &'a self,
        source: &'a dyn Source,
        memory: u64,
    ) -> Result<Volume<'a>, ImageError> {
        let mut volume = Volume::new(source, memory)?;
        volume.objects = self.objects.as_deref();
        Ok(volume)
    }
}

impl Drop for Intermediate {
    /// Frees the disk as soon as the next step has read the image.
    fn drop(&mut self) {
        // What cannot be removed now goes with the folder.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
