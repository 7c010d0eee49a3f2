//! The facts about one page.

use tiff::ColorType;
use tiff::decoder::{ChunkType, DecodingSampleType};
use tiff::tags::{CompressionMethod, PlanarConfiguration, Tag};

use super::decode::{Doing, TiffFile};
use crate::dtype::DType;
use crate::error::ImageError;

/// What the samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// Values without a colour.
    Plain,
    /// Red, green, blue and perhaps alpha.
    Rgb,
    /// Brightness and two colour differences.
    YCbCr,
}

/// One page: what is in its directory, without its pixels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Page {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples a pixel, as far as they are read.
    pub(super) samples: usize,
    /// Samples a pixel in the file; the ones without a meaning come last and are not read.
    pub(super) stored_samples: usize,
    pub(super) bits: usize,
    pub(super) dtype: DType,
    pub(super) colour: Colour,
    /// Whether each sample has a plane of its own.
    pub(super) is_planar: bool,
    pub(super) is_tiled: bool,
    /// Rows and columns of a full strip or tile.
    pub(super) chunk: [usize; 2],
    pub(super) compression: CompressionMethod,
    /// A smaller copy of another page.
    pub(super) is_reduced: bool,
}

impl Page {
    /// Reads the facts about the page that the file stands at.
    pub(super) fn read(file: &mut TiffFile, page: usize) -> Result<Page, ImageError> {
        let number = |file: &mut TiffFile, tag, default| {
            file.number(page, tag).map(|value| value.unwrap_or(default))
        };
        let planar = number(file, Tag::PlanarConfiguration, 1)?;
        let compression = number(file, Tag::Compression, 1)?;
        let stored_samples = number(file, Tag::SamplesPerPixel, 1)? as usize;
        let subfile = number(file, Tag::NewSubfileType, 0)?;
        let ((width, height), colour, sample_type, is_tiled, chunk) =
            file.run(page, Doing::Directory, |decoder| {
                Ok((
                    decoder.dimensions()?,
                    decoder.colortype()?,
                    decoder.image_buffer_layout()?.sample_type,
                    decoder.get_chunk_type() == ChunkType::Tile,
                    decoder.chunk_dimensions(),
                ))
            })?;
        let bits = usize::from(colour.bit_depth());
        let dtype = dtype(sample_type, bits).ok_or_else(|| ImageError::Unsupported {
            path: file.path().to_owned(),
            feature: format!("page {}: samples of {bits} bits of this kind", page + 1),
            remedy: "open it in Fiji and save it with 8, 16 or 32 bits".to_owned(),
        })?;
        let page = Page {
            width: width as usize,
            height: height as usize,
            samples: usize::from(colour.num_samples()),
            stored_samples,
            bits,
            dtype,
            colour: meaning(colour),
            is_planar: planar == u64::from(PlanarConfiguration::Planar.to_u16()),
            is_tiled,
            chunk: [
                (chunk.1 as usize).min(if is_tiled {
                    usize::MAX
                } else {
                    height as usize
                }),
                chunk.0 as usize,
            ],
            compression: CompressionMethod::from_u16_exhaustive(compression as u16),
            is_reduced: subfile & 1 == 1,
        };
        Ok(page)
    }

    /// Whether two pages can be planes of one stack.
    pub(super) fn stacks_with(&self, other: &Page) -> bool {
        self.width == other.width
            && self.height == other.height
            && self.samples == other.samples
            && self.dtype == other.dtype
    }

    /// Strips or tiles along y and x.
    pub(super) fn chunks(&self) -> [usize; 2] {
        [
            self.height.div_ceil(self.chunk[0]),
            self.width.div_ceil(self.chunk[1]),
        ]
    }

    /// The samples of a pixel that lie beside each other in a strip or tile.
    pub(super) fn interleaved(&self) -> usize {
        if self.is_planar { 1 } else { self.samples }
    }

    /// The unpacked size of so many rows of a strip or tile in bytes.
    pub(super) fn chunk_bytes(&self, rows: usize) -> u128 {
        let stored = if self.is_planar {
            1
        } else {
            self.stored_samples
        };
        let row_bits = self.chunk[1] as u128 * (self.bits * stored) as u128;
        row_bits.div_ceil(8) * rows as u128
    }

    /// The unpacked size of the page in bytes, with the padding of its tiles.
    pub(super) fn unpacked_bytes(&self) -> u128 {
        let [down, across] = self.chunks();
        let planes = if self.is_planar {
            self.stored_samples
        } else {
            1
        };
        let rows = if self.is_tiled {
            down * self.chunk[0]
        } else {
            self.height
        };
        self.chunk_bytes(rows) * (across * planes) as u128
    }

    /// How many times its size on disk the page can have at most, for the codec's best case.
    pub(super) fn largest_ratio(&self) -> u128 {
        match self.compression {
            CompressionMethod::None => 1,
            CompressionMethod::PackBits => 64,
            CompressionMethod::Deflate | CompressionMethod::OldDeflate => 1032,
            CompressionMethod::LZW => 2731,
            // Fax codes spend a bit on a blank row of any length; JPEG little more on a block.
            _ => 1 << 16,
        }
    }

    /// The name of the compression.
    pub(super) fn compression_name(&self) -> String {
        match self.compression {
            CompressionMethod::None => "none".to_owned(),
            CompressionMethod::Deflate | CompressionMethod::OldDeflate => "deflate".to_owned(),
            CompressionMethod::LZW => "lzw".to_owned(),
            CompressionMethod::PackBits => "packbits".to_owned(),
            CompressionMethod::ModernJPEG => "jpeg".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        }
    }
}

fn meaning(colour: ColorType) -> Colour {
    match colour {
        ColorType::RGB(_) | ColorType::RGBA(_) => Colour::Rgb,
        ColorType::YCbCr(_) => Colour::YCbCr,
        _ => Colour::Plain,
    }
}

fn dtype(sample_type: Option<DecodingSampleType>, bits: usize) -> Option<DType> {
    let dtype = match sample_type? {
        DecodingSampleType::U8 => DType::UInt8,
        DecodingSampleType::I8 => DType::Int8,
        DecodingSampleType::U16 => DType::UInt16,
        DecodingSampleType::I16 => DType::Int16,
        DecodingSampleType::U32 => DType::UInt32,
        DecodingSampleType::I32 => DType::Int32,
        DecodingSampleType::U64 => DType::UInt64,
        DecodingSampleType::I64 => DType::Int64,
        DecodingSampleType::F16 if bits == 16 => return Some(DType::Float32),
        DecodingSampleType::F16 => return None,
        DecodingSampleType::F32 => DType::Float32,
        DecodingSampleType::F64 => DType::Float64,
    };
    let is_packed = bits < 8 && dtype == DType::UInt8;
    (bits == dtype.bytes() * 8 || is_packed).then_some(dtype)
}
