//! Reading bytes of a file at any place, from any thread, with the faults told in one way.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::layout::Layout;
use crate::error::ImageError;
use crate::format::positioned::read_exact_at;

/// Memory for the places of strips and tiles, in bytes and for each byte of the file. A place takes
/// 16 bytes and at least 5 in the file, but hostile pages may share the list of them.
const KEPT_BYTES: u64 = 64 << 20;
const KEPT_BYTES_PER_BYTE: u64 = 4;

/// A TIFF file.
#[derive(Debug)]
pub(super) struct TiffFile {
    /// `None` for the other files of an image, which may be more than can be open at once.
    file: Option<File>,
    path: PathBuf,
    bytes: u64,
    pub(super) layout: Layout,
    /// Where the first directory is.
    pub(super) first: u64,
    /// The bytes of what is kept in memory.
    kept: AtomicU64,
}

impl TiffFile {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path) -> Result<TiffFile, ImageError> {
        let refused = |error| ImageError::io(path, "read", error);
        let file = File::open(path).map_err(refused)?;
        let bytes = file.metadata().map_err(refused)?.len();
        let mut file = TiffFile {
            file: Some(file),
            path: path.to_owned(),
            bytes,
            layout: Layout::LITTLE,
            first: 0,
            kept: AtomicU64::new(0),
        };
        let mut head = [0; 16];
        let known = bytes.min(16) as usize;
        file.read_at(0, &mut head[..known])?;
        match Layout::of(&head[..known]) {
            Ok(Some((layout, first))) => (file.layout, file.first) = (layout, first),
            Ok(None) => {
                return Err(file.truncated(format!(
                    "the directory of page 1 continues beyond its {bytes} bytes"
                )));
            }
            Err(problem) => return Err(file.malformed(problem)),
        }
        Ok(file)
    }

    /// Whether so many bytes more may be kept in memory.
    pub(super) fn may_keep(&self, bytes: u64) -> bool {
        let most = KEPT_BYTES.max(self.bytes.saturating_mul(KEPT_BYTES_PER_BYTE));
        let kept = self.kept.fetch_add(bytes, Ordering::Relaxed);
        kept.saturating_add(bytes) <= most
    }

    /// Closes the file between reads.
    pub(super) fn closed(mut self) -> TiffFile {
        self.file = None;
        self
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The size of the file in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether a range lies inside the file.
    pub(super) fn holds(&self, offset: u64, length: u64) -> bool {
        offset
            .checked_add(length)
            .is_some_and(|end| end <= self.bytes)
    }

    /// Fills the buffer with the bytes from `offset` on.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ImageError> {
        let read = match &self.file {
            Some(file) => read_exact_at(file, buffer, offset),
            None => File::open(&self.path).and_then(|file| read_exact_at(&file, buffer, offset)),
        };
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.truncated(format!(
                "it ends before byte {}",
                offset.saturating_add(buffer.len() as u64)
            )),
            _ => ImageError::io(&self.path, "read", error),
        })
    }

    pub(super) fn truncated(&self, problem: String) -> ImageError {
        let path = self.path.clone();
        ImageError::Truncated { path, problem }
    }

    pub(super) fn malformed(&self, problem: String) -> ImageError {
        let path = self.path.clone();
        ImageError::Malformed { path, problem }
    }

    pub(super) fn unsupported(&self, feature: String, remedy: &str) -> ImageError {
        ImageError::Unsupported {
            path: self.path.clone(),
            feature,
            remedy: remedy.to_owned(),
        }
    }
}
