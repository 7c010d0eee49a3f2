//! The decoder of a file, with its faults told in the terms of this crate.

use std::fs::File;
use std::io::{self, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use tiff::decoder::{Decoder, Limits as DecoderLimits};
use tiff::tags::{Tag, ValueBuffer};
use tiff::{TiffError, TiffFormatError};

use super::stored::Stored;
use crate::error::ImageError;
use crate::format::Limits;

/// An open file.
pub(super) struct TiffFile {
    decoder: Decoder<Stored<BufReader<File>>>,
    path: PathBuf,
    bytes: u64,
}

/// What the decoder was doing when it failed; decides what an early end of data means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Following the list of pages: an early end is the end of the file.
    Directory,
    /// Unpacking pixels of a range that is inside the file: an early end is damage.
    Pixels,
}

impl TiffFile {
    pub(super) fn open(path: &Path, limits: Limits) -> Result<TiffFile, ImageError> {
        let io = |error| ImageError::io(path, "read", error);
        let file = File::open(path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        let stored = Stored::new(BufReader::new(file)).map_err(io)?;
        let decoder = guarded(|| Decoder::new(stored))
            .map_err(|error| fault(path, bytes, 0, Doing::Directory, error))?;
        let mut decoder_limits = DecoderLimits::default();
        let as_size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        decoder_limits.decoding_buffer_size = as_size(limits.bytes);
        decoder_limits.intermediate_buffer_size = as_size(limits.bytes);
        // The decoder counts 32 bytes of memory for a value, which takes at least one in the file.
        decoder_limits.ifd_value_size = as_size(bytes.saturating_mul(32));
        let decoder = decoder.with_limits(decoder_limits);
        Ok(TiffFile {
            decoder,
            path: path.to_owned(),
            bytes,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The size of the file in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Runs a step of the decoder on the current page, which is named in its faults.
    pub(super) fn run<T>(
        &mut self,
        page: usize,
        doing: Doing,
        step: impl FnOnce(&mut Decoder<Stored<BufReader<File>>>) -> Result<T, TiffError>,
    ) -> Result<T, ImageError> {
        let decoder = &mut self.decoder;
        guarded(|| step(decoder)).map_err(|error| fault(&self.path, self.bytes, page, doing, error))
    }

    pub(super) fn has_more_pages(&self) -> bool {
        self.decoder.more_images()
    }

    /// An unsigned number of the current page's directory.
    pub(super) fn number(&mut self, page: usize, tag: Tag) -> Result<Option<u64>, ImageError> {
        self.run(page, Doing::Directory, |decoder| {
            decoder.find_tag_unsigned(tag)
        })
    }

    /// A text of the current page's directory; anything that is not UTF-8 is taken as Latin-1.
    pub(super) fn text(&mut self, page: usize, tag: Tag) -> Result<Option<String>, ImageError> {
        self.run(page, Doing::Directory, |decoder| {
            let mut buffer = ValueBuffer::empty(tiff::tags::Type::ASCII);
            let entry = decoder.image_ifd().find_tag_buf(tag, &mut buffer)?;
            Ok(entry.map(|_| {
                let bytes = buffer.as_bytes();
                let end = bytes
                    .iter()
                    .position(|&byte| byte == 0)
                    .unwrap_or(bytes.len());
                match std::str::from_utf8(&bytes[..end]) {
                    Ok(text) => text.to_owned(),
                    Err(_) => bytes[..end].iter().map(|&byte| char::from(byte)).collect(),
                }
            }))
        })
    }
}

/// Runs the decoder so that a fault inside it, which hostile files may yet find, becomes an error.
fn guarded<T>(step: impl FnOnce() -> Result<T, TiffError>) -> Result<T, TiffError> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| {
        let message = "the decoder gave up on its content".to_owned();
        Err(TiffError::FormatError(
            TiffFormatError::CompressedDataCorrupt(message),
        ))
    })
}

fn fault(path: &Path, bytes: u64, page: usize, doing: Doing, error: TiffError) -> ImageError {
    let path = path.to_owned();
    let page = page + 1;
    match error {
        TiffError::IoError(source) if source.raw_os_error().is_some() => {
            ImageError::io(&path, "read", source)
        }
        TiffError::IoError(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            match doing {
                Doing::Directory => ImageError::Truncated {
                    path,
                    problem: format!(
                        "the directory of page {page} continues beyond its {bytes} bytes"
                    ),
                },
                Doing::Pixels => ImageError::Malformed {
                    path,
                    problem: format!("the packed data of page {page} end before its last pixel"),
                },
            }
        }
        TiffError::FormatError(TiffFormatError::CycleInOffsets) => ImageError::Malformed {
            path,
            problem: format!("its list of pages runs in a circle after page {page}"),
        },
        TiffError::UnsupportedError(feature) => ImageError::Unsupported {
            path,
            feature: format!("page {page}: {feature}"),
            remedy: "open it in Fiji and save it as an uncompressed TIFF".to_owned(),
        },
        // The decoder's limit for the first page: a file that really has so many is larger.
        TiffError::LimitsExceeded if doing == Doing::Directory && bytes > 64 << 10 => {
            ImageError::Unsupported {
                path,
                feature: format!("page {page} has more strips or tiles than this version reads"),
                remedy: "open it in Fiji and save it again, which makes larger strips".to_owned(),
            }
        }
        TiffError::LimitsExceeded | TiffError::IntSizeError => ImageError::Malformed {
            path,
            problem: format!("page {page} says to have more than its {bytes} bytes can hold"),
        },
        TiffError::FormatError(other) => ImageError::Malformed {
            path,
            problem: format!("page {page}: {other}"),
        },
        other => ImageError::Malformed {
            path,
            problem: format!("page {page}: {other}"),
        },
    }
}
