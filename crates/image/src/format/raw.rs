//! Samples that lie in files as they lie in memory, for formats without a decoder of their own.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayD, ArrayViewMut2, Axis as Dimension};

use super::series::find_series;
use crate::axes::{Axes, Axis};
use crate::error::ImageError;
use crate::image::{PixelType, Pixels};

/// A file that ranges of bytes are read from; a range beyond its end is an error before any memory
/// is taken.
pub(super) struct FileBytes {
    path: PathBuf,
    file: Mutex<File>,
    length: u64,
}

impl FileBytes {
    pub(super) fn open(path: &Path) -> Result<FileBytes, ImageError> {
        let io = |error| ImageError::io(path, "read", error);
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        Ok(FileBytes {
            path: path.to_owned(),
            file: Mutex::new(file),
            length,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The size of the file in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn read(&self, start: u64, length: u64) -> Result<Vec<u8>, ImageError> {
        if start > self.length || length > self.length - start {
            return Err(ImageError::Truncated {
                path: self.path.clone(),
                problem: format!(
                    "it needs {length} bytes from byte {start} on, the file has {}",
                    self.length
                ),
            });
        }
        let mut bytes = vec![0; length as usize];
        // A panic cannot have happened while the lock was held.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|error| ImageError::io(&self.path, "read", error))?;
        Ok(bytes)
    }

    pub(super) fn malformed(&self, problem: impl Into<String>) -> ImageError {
        ImageError::Malformed {
            path: self.path.clone(),
            problem: problem.into(),
        }
    }

    pub(super) fn unsupported(&self, feature: impl Into<String>) -> ImageError {
        ImageError::Unsupported {
            path: self.path.clone(),
            feature: feature.into(),
            remedy: "convert it to OME-TIFF with bioformats2raw or with Fiji".to_owned(),
        }
    }
}

/// A little-endian number at a place in a text of bytes; `None` beyond its end.
pub(super) trait Number: Sized {
    fn at(bytes: &[u8], place: usize) -> Option<Self>;
}

/// A sample that is stored in little-endian order.
pub(super) trait Stored: PixelType {
    fn from_le(bytes: &[u8]) -> Self;
}

macro_rules! little_endian {
    ($($kind:ty),*) => {$(
        impl Number for $kind {
            fn at(bytes: &[u8], place: usize) -> Option<Self> {
                Some(<$kind>::from_le_bytes(*bytes.get(place..)?.first_chunk()?))
            }
        }
        impl Stored for $kind {
            fn from_le(bytes: &[u8]) -> Self {
                let bytes = bytes.first_chunk().expect("callers give a whole sample");
                <$kind>::from_le_bytes(*bytes)
            }
        }
    )*};
}
little_endian!(u8, u16, u32, u64, i32, i64, f32, f64);

/// Where samples lie in rows of bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) row_bytes: usize,
    pub(super) pixel_bytes: usize,
    /// Where in a pixel the sample begins.
    pub(super) sample: usize,
}

/// Copies the columns `x` of as many rows as `to` has. The caller has checked that `rows` holds
/// them.
pub(super) fn unpack<T: Stored>(
    rows: &[u8],
    layout: Layout,
    x: Range<usize>,
    mut to: ArrayViewMut2<T>,
) {
    for (mut to, row) in to
        .outer_iter_mut()
        .zip(rows.chunks(layout.row_bytes.max(1)))
    {
        for (to, x) in to.iter_mut().zip(x.clone()) {
            *to = T::from_le(&row[x * layout.pixel_bytes + layout.sample..]);
        }
    }
}

/// Drops those of the five axes `T C Z Y X` of an array that `axes` does not have.
pub(super) fn keep_axes<T: PixelType>(mut array: ArrayD<T>, axes: &Axes) -> Pixels {
    for (position, axis) in Axis::ALL.into_iter().enumerate().rev() {
        if !axes.contains(axis) {
            array.index_axis_inplace(Dimension(position), 0);
        }
    }
    array.into()
}

/// The axes and shape of an image of these lengths along `T C Z Y X`; T, C and Z only if they are
/// longer than 1.
pub(super) fn axes_of(lengths: [usize; 5]) -> (Axes, Vec<usize>) {
    let axes = Axes::canonical(|axis| match axis {
        Axis::Y | Axis::X => true,
        other => lengths[other as usize] > 1,
    });
    let shape = axes.iter().map(|axis| lengths[axis as usize]).collect();
    (axes, shape)
}

/// The number of the image that a name or number asks for; the first if none is asked for.
pub(super) fn series(
    path: &Path,
    names: &[String],
    wanted: Option<&str>,
) -> Result<usize, ImageError> {
    find_series(names, wanted).ok_or_else(|| ImageError::Unsuitable {
        path: Some(path.to_owned()),
        problem: format!("has no image `{}`", wanted.unwrap_or_default()),
        remedy: format!("choose one of {}", names.join(", ")),
    })
}
