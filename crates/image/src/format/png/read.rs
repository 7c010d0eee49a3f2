//! Reading PNG files.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use ndarray::{Array, ArrayD, Axis as Dimension};
use png::{BitDepth, ColorType, DecodingError, Reader, Transformations};

use super::colour_names;
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

pub(super) struct PngSource {
    info: ImageInfo,
    limits: Limits,
}

impl PngSource {
    pub(super) fn open(path: &Path, limits: Limits) -> Result<PngSource, ImageError> {
        let reader = start(path, limits)?;
        check_complete(path)?;
        let (width, height) = reader.info().size();
        let samples = samples(reader.info().color_type);
        let mut shape = vec![height as usize, width as usize];
        if samples > 1 {
            shape.insert(0, samples);
        }
        let axes = Axes::canonical(|axis| match axis {
            Axis::C => samples > 1,
            other => other == Axis::Y || other == Axis::X,
        });
        let dtype = match reader.info().bit_depth {
            BitDepth::Sixteen => DType::UInt16,
            _ => DType::UInt8,
        };
        let mut info = ImageInfo::new(path, "PNG", axes, shape, dtype);
        info.metadata = Metadata::default().with_channel_names(colour_names(samples));
        "deflate".clone_into(&mut info.compression);
        Ok(PngSource { info, limits })
    }

    fn decode(&self) -> Result<Pixels, ImageError> {
        let path = &self.info.path;
        let mut reader = start(path, self.limits)?;
        let length = reader.output_buffer_size().unwrap_or(usize::MAX);
        let needed = self.info.bytes().saturating_add(length as u128);
        if needed > u128::from(self.limits.bytes) {
            return Err(over_limit(path, needed, self.limits));
        }
        let mut packed = vec![0; length];
        reader
            .next_frame(&mut packed)
            .map_err(|error| fault(path, &error))?;
        let row_bytes = length / self.info.len_of(Axis::Y);
        if self.info.dtype == DType::UInt16 {
            let values = packed
                .as_chunks()
                .0
                .iter()
                .map(|&pair| u16::from_be_bytes(pair));
            return self.planes(values.collect());
        }
        self.planes(self.expand(&packed, row_bytes, &reader)?)
    }

    /// Unpacks samples of less than 8 bits and replaces palette indices by their colours.
    fn expand(
        &self,
        packed: &[u8],
        row_bytes: usize,
        reader: &Reader<BufReader<File>>,
    ) -> Result<Vec<u8>, ImageError> {
        let bits = reader.info().bit_depth as usize;
        let palette = reader.info().palette.as_deref();
        let is_indexed = reader.info().color_type == ColorType::Indexed;
        let width = self.info.len_of(Axis::X);
        if bits == 8 && !is_indexed {
            return Ok(packed.to_vec());
        }
        let scale = 255 / ((1u16 << bits) - 1) as u8;
        let mut values = Vec::with_capacity(self.info.bytes() as usize);
        for row in packed.chunks_exact(row_bytes) {
            for x in 0..width {
                let shift = 8 - bits - (x * bits) % 8;
                let value = (row[x * bits / 8] >> shift) & (0xff >> (8 - bits)) as u8;
                if is_indexed {
                    values.extend_from_slice(self.colour(palette, value)?);
                } else {
                    values.push(value * scale);
                }
            }
        }
        Ok(values)
    }

    fn colour<'p>(&self, palette: Option<&'p [u8]>, index: u8) -> Result<&'p [u8], ImageError> {
        let start = usize::from(index) * 3;
        palette
            .and_then(|palette| palette.get(start..start + 3))
            .ok_or_else(|| ImageError::Malformed {
                path: self.info.path.clone(),
                problem: format!("a pixel has colour {index}, which the palette does not have"),
            })
    }

    /// Turns interleaved samples into one plane a channel.
    fn planes<T: PixelType>(&self, values: Vec<T>) -> Result<Pixels, ImageError> {
        let [height, width] = [self.info.len_of(Axis::Y), self.info.len_of(Axis::X)];
        let samples = self.info.len_of(Axis::C);
        let pixels = Array::from_shape_vec((height, width, samples), values).map_err(|_| {
            ImageError::Malformed {
                path: self.info.path.clone(),
                problem: "there are not as many pixels as the header says".to_owned(),
            }
        })?;
        let planes: ArrayD<T> = pixels
            .permuted_axes([2, 0, 1])
            .as_standard_layout()
            .into_dyn()
            .into_owned();
        Ok(if samples == 1 {
            planes.index_axis_move(Dimension(0), 0).into()
        } else {
            planes.into()
        })
    }
}

impl Source for PngSource {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    /// Reads the whole file and keeps the region: rows cannot be decoded out of order.
    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let ranges = region.resolve(&self.info)?;
        let is_whole = ranges
            .iter()
            .zip(&self.info.shape)
            .all(|(range, &len)| range.len() == len);
        let mut pixels = self.decode()?;
        if !is_whole {
            pixels = pixels.part(&ranges);
        }
        self.info.image(pixels, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        if level > 0 {
            return Err(self.info.no_such_level(level));
        }
        Ok(Box::new(PngSource {
            info: self.info.clone(),
            limits: self.limits,
        }))
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

fn samples(colour: ColorType) -> usize {
    match colour {
        ColorType::Indexed => 3,
        other => other.samples(),
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
