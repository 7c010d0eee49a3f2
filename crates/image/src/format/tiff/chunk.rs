//! Reading a rectangle of a page from its strips or tiles.

use std::ops::Range;

use ndarray::{ArrayViewMut3, s};
use tiff::decoder::DecodingResult;
use tiff::tags::{CompressionMethod, Tag};

use super::decode::{Doing, TiffFile};
use super::page::{Colour, Page};
use crate::error::ImageError;
use crate::image::PixelType;

/// A sample type that the decoder can return.
pub(super) trait Decoded: PixelType {
    /// The samples, if they are of this type.
    fn take(decoded: DecodingResult) -> Option<Vec<Self>>;
}

macro_rules! decoded {
    ($($sample:ty, $variant:ident;)*) => {$(
        impl Decoded for $sample {
            fn take(decoded: DecodingResult) -> Option<Vec<Self>> {
                match decoded {
                    DecodingResult::$variant(samples) => Some(samples),
                    _ => None,
                }
            }
        }
    )*};
}

decoded! {
    u8, U8;
    i8, I8;
    u16, U16;
    i16, I16;
    u32, U32;
    i32, I32;
    u64, U64;
    i64, I64;
    f64, F64;
}

impl Decoded for f32 {
    fn take(decoded: DecodingResult) -> Option<Vec<f32>> {
        match decoded {
            DecodingResult::F32(samples) => Some(samples),
            DecodingResult::F16(samples) => Some(samples.iter().map(|v| v.to_f32()).collect()),
            _ => None,
        }
    }
}

/// A rectangle of a page and the samples wanted of it.
#[derive(Clone, Debug)]
pub(super) struct Rectangle {
    pub(super) samples: Range<usize>,
    pub(super) y: Range<usize>,
    pub(super) x: Range<usize>,
}

/// Reads the rectangle of a page into an array of samples, rows and columns.
pub(super) fn read_rectangle<T: Decoded>(
    file: &mut TiffFile,
    index: usize,
    page: &Page,
    wanted: &Rectangle,
    mut out: ArrayViewMut3<T>,
) -> Result<(), ImageError> {
    if out.is_empty() {
        return Ok(());
    }
    file.run(index, Doing::Directory, |decoder| {
        decoder.seek_to_image(index)
    })?;
    let extents = Extents::read(file, index, page)?;
    let [down, across] = page.chunks();
    let planes = if page.is_planar {
        wanted.samples.clone()
    } else {
        0..1
    };
    for plane in planes {
        for row in wanted.y.start / page.chunk[0]..wanted.y.end.div_ceil(page.chunk[0]) {
            for column in wanted.x.start / page.chunk[1]..wanted.x.end.div_ceil(page.chunk[1]) {
                let chunk = (plane * down + row) * across + column;
                extents.check(file, index, page, chunk, row)?;
                let piece = Piece {
                    plane,
                    origin: [row * page.chunk[0], column * page.chunk[1]],
                };
                let (samples, width) = decode::<T>(file, index, page, chunk)?;
                piece.copy(page, &samples, width, wanted, &mut out);
            }
        }
    }
    Ok(())
}

/// Checks, without reading pixels, that all strips or tiles of a page lie inside the file.
pub(super) fn check_extents(
    file: &mut TiffFile,
    index: usize,
    page: &Page,
) -> Result<(), ImageError> {
    file.run(index, Doing::Directory, |decoder| {
        decoder.seek_to_image(index)
    })?;
    let extents = Extents::read(file, index, page)?;
    let [down, across] = page.chunks();
    let planes = if page.is_planar { page.samples } else { 1 };
    for chunk in 0..planes * down * across {
        extents.check(file, index, page, chunk, chunk / across % down)?;
    }
    Ok(())
}

/// Where the strips or tiles of a page lie in the file.
struct Extents {
    offsets: Vec<u64>,
    lengths: Vec<u64>,
}

impl Extents {
    fn read(file: &mut TiffFile, index: usize, page: &Page) -> Result<Extents, ImageError> {
        let [offsets, lengths] = if page.is_tiled {
            [Tag::TileOffsets, Tag::TileByteCounts]
        } else {
            [Tag::StripOffsets, Tag::StripByteCounts]
        };
        file.run(index, Doing::Directory, |decoder| {
            let mut values = |tag| {
                decoder
                    .find_tag_unsigned_vec(tag)
                    .map(Option::unwrap_or_default)
            };
            Ok(Extents {
                offsets: values(offsets)?,
                lengths: values(lengths)?,
            })
        })
    }

    /// Checks that a chunk lies inside the file and can hold its pixels.
    fn check(
        &self,
        file: &TiffFile,
        index: usize,
        page: &Page,
        chunk: usize,
        row: usize,
    ) -> Result<(), ImageError> {
        let number = index + 1;
        let kind = if page.is_tiled { "tile" } else { "strip" };
        let malformed = |problem| ImageError::Malformed {
            path: file.path().to_owned(),
            problem,
        };
        let (Some(&offset), Some(&length)) = (self.offsets.get(chunk), self.lengths.get(chunk))
        else {
            return Err(malformed(format!("page {number} has no {kind} {chunk}")));
        };
        let end = offset.saturating_add(length);
        if end > file.bytes() {
            return Err(ImageError::Truncated {
                path: file.path().to_owned(),
                problem: format!(
                    "page {number} needs the bytes {offset}..{end}, the file has {}",
                    file.bytes()
                ),
            });
        }
        let rows = if page.is_tiled {
            page.chunk[0]
        } else {
            page.chunk[0].min(page.height - row * page.chunk[0])
        };
        let needed = page.chunk_bytes(rows);
        if needed > u128::from(length) * page.largest_ratio() {
            let packing = match page.compression {
                CompressionMethod::None => String::new(),
                _ => format!(" of {} data", page.compression_name()),
            };
            return Err(malformed(format!(
                "{kind} {chunk} of page {number} should hold {needed} bytes of pixels but has \
                 {length} bytes{packing}"
            )));
        }
        Ok(())
    }
}

/// Decodes a strip or tile: its samples and how many pixels wide its rows are.
fn decode<T: Decoded>(
    file: &mut TiffFile,
    index: usize,
    page: &Page,
    chunk: usize,
) -> Result<(Vec<T>, usize), ImageError> {
    let chunk = chunk as u32;
    let (decoded, width) = file.run(index, Doing::Pixels, |decoder| {
        let width = decoder.chunk_data_dimensions(chunk).0 as usize;
        Ok((decoder.read_chunk(chunk)?, width))
    })?;
    let row_samples = width * page.interleaved();
    let decoded = match decoded {
        DecodingResult::U8(packed) if page.bits < 8 => {
            DecodingResult::U8(unpack(&packed, page.bits, row_samples))
        }
        DecodingResult::U8(mut samples) if page.colour == Colour::YCbCr && !page.is_planar => {
            samples.as_chunks_mut().0.iter_mut().for_each(to_rgb);
            DecodingResult::U8(samples)
        }
        other => other,
    };
    let samples = T::take(decoded).ok_or_else(|| ImageError::Malformed {
        path: file.path().to_owned(),
        problem: format!("page {} changes its sample type", index + 1),
    })?;
    Ok((samples, width))
}

/// One sample a byte from samples of less than 8 bits; each row begins with a full byte.
fn unpack(packed: &[u8], bits: usize, row_samples: usize) -> Vec<u8> {
    let row_bytes = (row_samples * bits).div_ceil(8);
    let mut samples = Vec::with_capacity(packed.len() / row_bytes.max(1) * row_samples);
    for row in packed.chunks_exact(row_bytes.max(1)) {
        for sample in 0..row_samples {
            let first = sample * bits;
            let pair = u16::from_be_bytes([
                row[first / 8],
                row.get(first / 8 + 1).copied().unwrap_or_default(),
            ]);
            let value = pair >> (16 - bits - first % 8);
            samples.push(value as u8 & (0xff >> (8 - bits)));
        }
    }
    samples
}

/// Full-range YCbCr of ITU-R BT.601, as JPEG files have it, to RGB.
fn to_rgb(pixel: &mut [u8; 3]) {
    let [y, cb, cr] = pixel.map(f32::from);
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    *pixel = [
        y + 1.402 * cr,
        y - 0.344_136 * cb - 0.714_136 * cr,
        y + 1.772 * cb,
    ]
    .map(|value| value.round().clamp(0.0, 255.0) as u8);
}

/// A decoded strip or tile and its place in the page.
struct Piece {
    plane: usize,
    origin: [usize; 2],
}

impl Piece {
    /// Copies what is wanted of the piece.
    fn copy<T: Decoded>(
        &self,
        page: &Page,
        samples: &[T],
        width: usize,
        wanted: &Rectangle,
        out: &mut ArrayViewMut3<T>,
    ) {
        let interleaved = page.interleaved();
        let row_samples = width * interleaved;
        let [top, left] = self.origin;
        let x = wanted.x.start.max(left)..wanted.x.end.min(left + width);
        if x.is_empty() || row_samples == 0 {
            return;
        }
        for (row, values) in samples.chunks_exact(row_samples).enumerate() {
            let y = top + row;
            if !wanted.y.contains(&y) {
                continue;
            }
            let columns = x.start - wanted.x.start..x.end - wanted.x.start;
            for (position, sample) in wanted.samples.clone().enumerate() {
                if page.is_planar && sample != self.plane {
                    continue;
                }
                let first = if page.is_planar { 0 } else { sample };
                let values = values[(x.start - left) * interleaved..].iter();
                let values = values.skip(first).step_by(interleaved);
                let mut line = out.slice_mut(s![position, y - wanted.y.start, columns.clone()]);
                line.iter_mut()
                    .zip(values)
                    .for_each(|(to, from)| *to = *from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_any_width_are_unpacked() {
        assert_eq!(
            unpack(&[0b1010_0000, 0b0100_0000], 1, 3),
            [1, 0, 1, 0, 1, 0]
        );
        assert_eq!(unpack(&[0b0001_1011], 2, 4), [0, 1, 2, 3]);
        assert_eq!(unpack(&[0b1111_1100, 0b0010_0000], 6, 2), [63, 2]);
    }

    #[test]
    fn grey_stays_grey_and_red_is_red() {
        let mut grey = [77, 128, 128];
        to_rgb(&mut grey);
        assert_eq!(grey, [77, 77, 77]);
        let mut red = [76, 85, 255];
        to_rgb(&mut red);
        assert_eq!(red, [254, 0, 0]);
    }
}
