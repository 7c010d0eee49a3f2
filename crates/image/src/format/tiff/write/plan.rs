//! How an image is laid out in the file that is written.

use std::path::Path;

use crate::axes::Axis;
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::png::colour_names;
use crate::format::tiff::codec::Codec;
use crate::format::tiff::ome::type_name;
use crate::format::tiff::page::Predictor;
use crate::format::{Compression, Flavour, WriteOptions};
use crate::sink::Target;

/// Offsets have 32 bits; the margin is for directories.
const MOST_CLASSIC_BYTES: u128 = (4 << 30) - (32 << 20);
/// The edge of a tile of a large image and of a small one.
const TILE_SIDE: usize = 512;
const SMALL_TILE_SIDE: usize = 256;
/// Sides of tiles are multiples of this.
const TILE_UNIT: usize = 16;
/// About the size of a strip in bytes.
const STRIP_BYTES: usize = 256 << 10;
/// Images get smaller copies if a side is longer than this, until no side is longer than the next.
const LARGE_SIDE: usize = 2048;
const SMALLEST_SIDE: usize = 256;

/// The layout of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) flavour: Flavour,
    pub(super) is_big: bool,
    pub(super) codec: Codec,
    pub(super) predictor: Predictor,
    /// Time points, channels that are pages of their own, and sections.
    pub(super) lengths: [usize; 3],
    /// Samples a pixel.
    pub(super) samples: usize,
    /// Rows and columns of a full strip or tile.
    pub(super) chunk: [usize; 2],
    /// Rows and columns of the image and of each smaller copy.
    pub(super) levels: Vec<[usize; 2]>,
}

impl Plan {
    pub(super) fn new(
        path: &Path,
        target: &Target,
        options: &WriteOptions,
    ) -> Result<Plan, ImageError> {
        let flavour = options.flavour.unwrap_or_else(|| by_name(path));
        check(path, target, options, flavour)?;
        let is_tiled = flavour == Flavour::OmeTiff;
        let names = target.metadata.channel_names();
        let is_coloured = names == colour_names(3)
            && matches!(target.dtype, DType::UInt8 | DType::UInt16)
            && target.len_of(Axis::C) == 3;
        let samples = if is_coloured { 3 } else { 1 };
        let [t, c, z, y, x] = Axis::ALL.map(|axis| target.len_of(axis));
        let codec = match options.compression.unwrap_or(Compression::Deflate) {
            Compression::None => Codec::None,
            Compression::Lzw => Codec::Lzw,
            Compression::Deflate => Codec::Deflate,
            Compression::Zstd | Compression::Blosc => Codec::Zstd,
        };
        let chunk = if is_tiled {
            tile(options.tile, y, x)
        } else {
            let row = x * samples * target.dtype.bytes();
            [options.tile.unwrap_or(STRIP_BYTES / row).clamp(1, y), x]
        };
        let has_smaller = is_tiled && options.pyramid.unwrap_or(y.max(x) > LARGE_SIDE);
        let mut plan = Plan {
            flavour,
            is_big: false,
            codec,
            predictor: predictor(codec, target.dtype, is_tiled),
            lengths: [t, c / samples, z],
            samples,
            chunk,
            levels: levels(y, x, has_smaller),
        };
        plan.is_big = plan.largest_bytes(target.dtype) > MOST_CLASSIC_BYTES;
        Ok(plan)
    }

    pub(super) fn is_tiled(&self) -> bool {
        self.flavour == Flavour::OmeTiff
    }

    pub(super) fn pages(&self) -> usize {
        self.lengths.iter().product()
    }

    /// Where in the file the page of a time point, channel and section is.
    pub(super) fn page(&self, [t, c, z]: [usize; 3]) -> usize {
        let [_, channels, sections] = self.lengths;
        if self.flavour == Flavour::OmeTiff {
            (t * channels + c) * sections + z
        } else {
            (t * sections + z) * channels + c
        }
    }

    /// Strips or tiles along y and x.
    pub(super) fn chunks(&self, level: usize) -> [usize; 2] {
        let [height, width] = self.levels[level];
        [
            height.div_ceil(self.chunk[0]),
            width.div_ceil(self.chunk[1]),
        ]
    }

    /// The rows that a chunk of a row of chunks has in the file.
    pub(super) fn rows_of(&self, level: usize, row: usize) -> usize {
        if self.is_tiled() {
            self.chunk[0]
        } else {
            self.chunk[0].min(self.levels[level][0] - row * self.chunk[0])
        }
    }

    /// The size of the header.
    pub(super) fn header_bytes(&self) -> u64 {
        if self.is_big { 16 } else { 8 }
    }

    /// Where a strip or tile of the full image goes that is not packed, so that its place needs no
    /// order of writing. `ImageJ` expects such pages one after the other, whatever their directories
    /// say.
    pub(super) fn fixed_place(&self, chunk: usize, sample_bytes: usize) -> Option<u64> {
        if self.codec != Codec::None {
            return None;
        }
        let row_bytes = (self.samples * sample_bytes) as u64;
        if self.is_tiled() {
            let tile: usize = self.chunk.iter().product();
            let tile_bytes = (tile as u64 * row_bytes).next_multiple_of(2);
            return Some(self.header_bytes() + chunk as u64 * tile_bytes);
        }
        let [down, _] = self.chunks(0);
        let row = chunk / down * self.levels[0][0] + chunk % down * self.chunk[0];
        let row_bytes = self.levels[0][1] as u64 * row_bytes;
        Some(self.header_bytes() + row as u64 * row_bytes)
    }

    /// No file of this image is larger.
    fn largest_bytes(&self, dtype: DType) -> u128 {
        let chunk = self.chunk.iter().product::<usize>() * self.samples * dtype.bytes();
        // LZW codes of up to 12 bits may stand for 8; the others fall back to the bytes as they are.
        let packed = match self.codec {
            Codec::Lzw => chunk as u128 * 3 / 2,
            _ => chunk as u128 + chunk as u128 / 256,
        };
        let chunks: u128 = (0..self.levels.len())
            .map(|level| {
                self.chunks(level)
                    .iter()
                    .map(|&n| n as u128)
                    .product::<u128>()
            })
            .sum();
        // Offset, length and what codecs add; a page's fields take less than the last term.
        let page = chunks * (packed + 128) + self.levels.len() as u128 * 1024;
        page * self.pages() as u128
    }
}

fn by_name(path: &Path) -> Flavour {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if stem.to_ascii_lowercase().ends_with(".ome") {
        Flavour::OmeTiff
    } else {
        Flavour::ImagejTiff
    }
}

/// Refuses what a layout cannot hold.
fn check(
    path: &Path,
    target: &Target,
    options: &WriteOptions,
    flavour: Flavour,
) -> Result<(), ImageError> {
    let refuse = |feature: &str, remedy: &str| {
        Err(ImageError::Unsupported {
            path: path.to_owned(),
            feature: feature.to_owned(),
            remedy: remedy.to_owned(),
        })
    };
    let too_long = |&length: &usize| length == 0 || u32::try_from(length).is_err();
    if target.shape.iter().any(too_long) {
        return refuse(
            &format!(
                "an image of {:?} pixels cannot be written as TIFF",
                target.shape
            ),
            "write images of at least one pixel and at most 4294967295 along an axis",
        );
    }
    let is_ome = flavour == Flavour::OmeTiff;
    if !is_ome && flavour != Flavour::ImagejTiff {
        return refuse(
            "this layout is not one of TIFF files",
            "choose ome-tiff or imagej-tiff",
        );
    }
    if is_ome && type_name(target.dtype).is_none() {
        return refuse(
            &format!("OME-TIFF does not hold {}", target.dtype),
            "write .tif without .ome, or convert the samples to 32 bits",
        );
    }
    match options.compression {
        Some(Compression::Blosc) => {
            return refuse(
                "TIFF does not know Blosc compression",
                "choose zstd or deflate",
            );
        }
        Some(Compression::Zstd) if !is_ome => {
            return refuse(
                "ImageJ does not read TIFF with Zstandard compression",
                "choose deflate, or write .ome.tif",
            );
        }
        _ => {}
    }
    if options.pyramid == Some(true) && !is_ome {
        return refuse("TIFF for ImageJ holds no smaller copies", "write .ome.tif");
    }
    Ok(())
}

fn tile(wanted: Option<usize>, height: usize, width: usize) -> [usize; 2] {
    let default = if height.max(width) > TILE_SIDE {
        TILE_SIDE
    } else {
        SMALL_TILE_SIDE
    };
    let edge = wanted.unwrap_or(default).clamp(1, 1 << 16);
    [height, width].map(|side| edge.min(side).next_multiple_of(TILE_UNIT))
}

/// ImageJ undoes the predictor for whole numbers of 8 and 16 bits only.
fn predictor(codec: Codec, dtype: DType, is_tiled: bool) -> Predictor {
    if codec == Codec::None || (!is_tiled && (dtype.bytes() > 2 || dtype.is_float())) {
        Predictor::None
    } else if dtype.is_float() {
        Predictor::Float
    } else {
        Predictor::Horizontal
    }
}

fn levels(height: usize, width: usize, has_smaller: bool) -> Vec<[usize; 2]> {
    let mut levels = vec![[height, width]];
    let [mut height, mut width] = [height, width];
    while has_smaller && height.max(width) > SMALLEST_SIDE {
        [height, width] = [height.div_ceil(2), width.div_ceil(2)];
        levels.push([height, width]);
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_of_tiles_are_multiples_of_16() {
        assert_eq!(tile(None, 4096, 4096), [512, 512]);
        assert_eq!(tile(None, 300, 40), [256, 48]);
        assert_eq!(tile(Some(100), 300, 40), [112, 48]);
    }

    #[test]
    fn copies_end_at_the_first_that_is_small() {
        assert_eq!(
            levels(3000, 10, true),
            [[3000, 10], [1500, 5], [750, 3], [375, 2], [188, 1]]
        );
        assert_eq!(levels(3000, 10, false).len(), 1);
    }
}
