//! Reading PNG files.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array3, Axis as Dimension};
use png::{BitDepth, DecodingError, Reader, Transformations};

use super::colour_names;
use super::rows::Rows;
use super::unpack::Layout;
use crate::axes::{Axes, Axis};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::Limits;
use crate::image::{Image, Metadata, PixelType, Pixels};
use crate::source::{ImageInfo, Region, Source};

/// Deflate packs at most 1032 to 1 and a 1-bit palette index becomes three bytes.
const LARGEST_RATIO: u64 = 1100;

/// What every PNG file begins with.
const SIGNATURE_BYTES: u64 = 8;

#[derive(Clone)]
pub(super) struct PngSource {
    info: ImageInfo,
    limits: Limits,
    layout: Arc<Layout>,
    is_interlaced: bool,
    /// Where the last read of a part stopped.
    rows: Arc<Mutex<Option<Rows>>>,
}

impl PngSource {
    pub(super) fn open(path: &Path, limits: Limits) -> Result<PngSource, ImageError> {
        let reader = start(path, limits)?;
        check_complete(path)?;
        let header = reader.info();
        let (width, height) = header.size();
        let layout = Layout::new(header);
        let samples = layout.samples;
        let mut shape = vec![height as usize, width as usize];
        if samples > 1 {
            shape.insert(0, samples);
        }
        let axes = Axes::canonical(|axis| match axis {
            Axis::C => samples > 1,
            other => other == Axis::Y || other == Axis::X,
        });
        let dtype = match header.bit_depth {
            BitDepth::Sixteen => DType::UInt16,
            _ => DType::UInt8,
        };
        let mut info = ImageInfo::new(path, "PNG", axes, shape, dtype);
        info.metadata = Metadata::default().with_channel_names(colour_names(samples));
        "deflate".clone_into(&mut info.compression);
        if !header.interlaced {
            let rows = info.shape.len() - 2;
            info.block[rows] = 1;
        }
        if header.trns.is_some() {
            let warning = "its transparent colour or palette entries are read as opaque";
            info.warnings.push(warning.to_owned());
        }
        Ok(PngSource {
            info,
            limits,
            layout: Arc::new(layout),
            is_interlaced: header.interlaced,
            rows: Arc::default(),
        })
    }

    /// Counts the region and the rows that are kept while reading.
    fn check_memory(&self, shape: &[usize]) -> Result<(), ImageError> {
        let kept = if self.is_interlaced {
            self.info.bytes().saturating_mul(2)
        } else {
            0
        };
        let needed = crate::source::bytes(self.info.dtype, shape).saturating_add(kept);
        if needed > u128::from(self.limits.bytes) {
            return Err(over_limit(&self.info.path, needed, self.limits));
        }
        Ok(())
    }

    /// Starts to read from the first row.
    fn rows(&self) -> Result<Rows, ImageError> {
        let reader = start(&self.info.path, self.limits)?;
        Rows::new(reader).map_err(|error| fault(&self.info.path, &error))
    }

    /// The samples of a box from the rows of the file, one plane a channel.
    fn collect<T: PixelType>(
        &self,
        rows: &mut Rows,
        [c, y, x]: [Range<usize>; 3],
        unpack: impl Fn(&Layout, &[u8], Range<usize>, Range<usize>, &mut [T]) -> Result<(), u8>,
    ) -> Result<Pixels, ImageError> {
        let path = &self.info.path;
        let (channels, height, width) = (c.len(), y.len(), x.len());
        let mut planes = Array3::from_elem((channels, height, width), T::default());
        let mut pixels = vec![T::default(); channels * width];
        for (to, y) in y.enumerate() {
            let row = rows.row(y).map_err(|error| fault(path, &error))?;
            unpack(&self.layout, row, c.clone(), x.clone(), &mut pixels)
                .map_err(|index| no_colour(path, index))?;
            for (channel, mut plane) in planes.outer_iter_mut().enumerate() {
                let samples = pixels.iter().skip(channel).step_by(channels);
                (plane.row_mut(to).iter_mut().zip(samples)).for_each(|(to, &from)| *to = from);
            }
        }
        if self.info.axes.contains(Axis::C) {
            return Ok(planes.into());
        }
        Ok(planes.index_axis_move(Dimension(0), 0).into())
    }
}

impl Source for PngSource {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    /// Decodes rows from where the last read stopped, or from the first one if rows are wanted
    /// that are no longer kept; those behind the region are left alone.
    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let ranges = region.resolve(&self.info)?;
        let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
        self.check_memory(&shape)?;
        let part =
            [Axis::C, Axis::Y, Axis::X].map(|axis| region.range(axis, self.info.len_of(axis)));
        let mut kept = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = match kept.take() {
            Some(rows) if rows.reaches(part[1].start) => rows,
            _ => self.rows()?,
        };
        let pixels = if self.info.dtype == DType::UInt16 {
            self.collect(&mut rows, part, |layout, row, c, x, to| {
                layout.unpack_16(row, c, x, to);
                Ok(())
            })?
        } else {
            self.collect(&mut rows, part, Layout::unpack_8)?
        };
        if shape != self.info.shape {
            *kept = Some(rows);
        }
        drop(kept);
        self.info.image(pixels, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(self.clone()))
    }
}

/// Opens the file and reads everything before the pixels.
fn start(path: &Path, limits: Limits) -> Result<Reader<BufReader<File>>, ImageError> {
    let io = |error| ImageError::io(path, "read", error);
    let file = File::open(path).map_err(io)?;
    let file_bytes = file.metadata().map_err(io)?.len();
    let limits_of_decoder = png::Limits {
        bytes: usize::try_from(limits.bytes).unwrap_or(usize::MAX),
    };
    let mut decoder = png::Decoder::new_with_limits(BufReader::new(file), limits_of_decoder);
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let reader = decoder.read_info().map_err(|error| fault(path, &error))?;
    let packed = reader.output_buffer_size().unwrap_or(usize::MAX);
    if packed as u64 / LARGEST_RATIO > file_bytes {
        let (width, height) = reader.info().size();
        return Err(ImageError::Malformed {
            path: path.to_owned(),
            problem: format!(
                "it says to have {width} x {height} pixels, which do not fit into its \
                 {file_bytes} bytes"
            ),
        });
    }
    Ok(reader)
}

/// Checks, by the lengths of its chunks alone, that the file has all of its pixels.
fn check_complete(path: &Path) -> Result<(), ImageError> {
    let io = |error| ImageError::io(path, "read", error);
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    let file_bytes = file.get_ref().metadata().map_err(io)?.len();
    let mut place = SIGNATURE_BYTES;
    file.seek_relative(SIGNATURE_BYTES as i64).map_err(io)?;
    let mut head = [0; 8];
    while place + 8 <= file_bytes {
        file.read_exact(&mut head).map_err(io)?;
        let [a, b, c, d, kind @ ..] = head;
        // The length of the data, which a checksum of four bytes follows.
        let rest = u64::from(u32::from_be_bytes([a, b, c, d])) + 4;
        place += 8 + rest;
        if place > file_bytes && &kind == b"IDAT" {
            return Err(truncated(path, file_bytes));
        }
        if place > file_bytes || &kind == b"IEND" {
            return Ok(());
        }
        file.seek_relative(rest as i64).map_err(io)?;
    }
    Ok(())
}

fn truncated(path: &Path, file_bytes: u64) -> ImageError {
    ImageError::Truncated {
        path: path.to_owned(),
        problem: format!("the file ends after {file_bytes} bytes, before its last pixel"),
    }
}

fn no_colour(path: &Path, index: u8) -> ImageError {
    ImageError::Malformed {
        path: path.to_owned(),
        problem: format!("a pixel has colour {index}, which the palette does not have"),
    }
}

fn over_limit(path: &Path, needed: u128, limits: Limits) -> ImageError {
    ImageError::OverLimit {
        path: path.to_owned(),
        needed,
        limit: limits.bytes,
    }
}

fn fault(path: &Path, error: &DecodingError) -> ImageError {
    let owned = path.to_owned();
    match error {
        DecodingError::IoError(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
            truncated(path, bytes)
        }
        DecodingError::IoError(source) => ImageError::io(
            path,
            "read",
            io::Error::new(source.kind(), source.to_string()),
        ),
        DecodingError::LimitsExceeded => ImageError::OverLimit {
            path: owned,
            needed: u128::MAX,
            limit: 0,
        },
        other => ImageError::Malformed {
            path: owned,
            problem: other.to_string(),
        },
    }
}
