//! Unpacking a strip, a tile, or a part of one into an array.

use ndarray::{ArrayViewMut3, s};

use super::codec::{Codec, Decoders, Fault, Shape};
use super::file::TiffFile;
use super::page::{Colour, Page, Predictor};
use super::predict::{undo_float, undo_horizontal};
use super::sample::{Sample, unpack_bits, unpack_bytes};
use crate::dtype::DType;
use crate::error::ImageError;

/// What is wanted of a chunk and where it goes.
pub(super) struct Piece<'a, T> {
    pub(super) file: &'a TiffFile,
    pub(super) page: &'a Page,
    /// The number of the chunk in its page, for messages.
    pub(super) chunk: usize,
    /// Where the rows are in the file and how many bytes they are packed into.
    pub(super) place: (u64, u64),
    pub(super) tables: Option<&'a [u8]>,
    /// How many rows are there.
    pub(super) rows: usize,
    /// How many of these rows, columns and samples come before the wanted ones.
    pub(super) skip: [usize; 3],
    /// Samples, rows, columns.
    pub(super) out: ArrayViewMut3<'a, T>,
}

/// Decoders and buffers that a thread uses for one chunk after the other.
pub(super) struct Scratch<T> {
    decoders: Decoders,
    packed: Vec<u8>,
    unpacked: Vec<u8>,
    samples: Vec<T>,
    spare: Vec<u8>,
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Scratch {
            decoders: Decoders::default(),
            packed: Vec::new(),
            unpacked: Vec::new(),
            samples: Vec::new(),
            spare: Vec::new(),
        }
    }
}

impl<T: Sample> Piece<'_, T> {
    /// Reads and unpacks the piece.
    pub(super) fn read(mut self, scratch: &mut Scratch<T>) -> Result<(), ImageError> {
        let (columns, interleaved) = (self.page.chunk[1], self.page.interleaved());
        let count = self.rows * columns * interleaved;
        let rows = Rows {
            file: self.file,
            page: self.page,
            place: self.place,
            tables: self.tables,
            shape: Shape {
                width: columns,
                rows: self.rows,
                samples: interleaved,
            },
        };
        let told = |stop: Stop| stop.told(rows.file, rows.page, self.chunk);
        let is_whole = self.skip == [0; 3] && self.out.len() == count && interleaved == 1;
        if is_whole && let Some(out) = self.out.as_slice_mut() {
            return rows.read(out, scratch).map_err(told);
        }
        let mut samples = std::mem::take(&mut scratch.samples);
        if samples.len() < count {
            // Fresh zeros cost no memory before they are written to.
            samples = vec![T::default(); count];
        }
        let read = rows.read(&mut samples[..count], scratch).map_err(told);
        if read.is_ok() {
            self.copy(&samples[..count], columns, interleaved);
        }
        scratch.samples = samples;
        read
    }

    fn copy(&mut self, samples: &[T], columns: usize, interleaved: usize) {
        let [skip_rows, skip_columns, skip_samples] = self.skip;
        let (wanted, rows, width) = self.out.dim();
        for row in 0..rows {
            let start = ((skip_rows + row) * columns + skip_columns) * interleaved;
            let values = &samples[start..start + width * interleaved];
            for sample in 0..wanted {
                let mut line = self.out.slice_mut(s![sample, row, ..]);
                match line.as_slice_mut() {
                    Some(line) if interleaved == 1 => line.copy_from_slice(values),
                    _ => {
                        let values = values[skip_samples + sample..].iter().step_by(interleaved);
                        line.iter_mut()
                            .zip(values)
                            .for_each(|(to, from)| *to = *from);
                    }
                }
            }
        }
    }
}

/// Why a chunk was not read.
enum Stop {
    Image(ImageError),
    Fault(Fault),
}

impl Stop {
    fn told(self, file: &TiffFile, page: &Page, chunk: usize) -> ImageError {
        match self {
            Stop::Image(error) => error,
            Stop::Fault(Fault::Damaged(how)) => file.malformed(format!(
                "the packed data of {} {how} ({} {chunk})",
                page.name,
                page.chunk_kind()
            )),
            Stop::Fault(Fault::Unsupported(what)) => file.unsupported(
                format!("{} has {what}", page.name),
                "convert it with `bfconvert -compression zlib` of Bio-Formats, or open it in Fiji \
                 and save it as TIFF",
            ),
        }
    }
}

impl From<ImageError> for Stop {
    fn from(error: ImageError) -> Stop {
        Stop::Image(error)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

/// Rows of a strip or tile.
struct Rows<'a> {
    file: &'a TiffFile,
    page: &'a Page,
    place: (u64, u64),
    tables: Option<&'a [u8]>,
    shape: Shape,
}

impl Rows<'_> {
    /// Fills `out` with rows of interleaved samples.
    fn read<T: Sample>(&self, out: &mut [T], scratch: &mut Scratch<T>) -> Result<(), Stop> {
        if self.page.bits == 8 * size_of::<T>() {
            self.load(bytemuck::cast_slice_mut(out), scratch)?;
            self.restore(out, &mut scratch.spare);
        } else {
            let mut bytes = std::mem::take(&mut scratch.unpacked);
            let count = self.page.chunk_bytes(self.shape.rows) as usize;
            if bytes.len() < count {
                bytes = vec![0; count];
            }
            let load = self.load(&mut bytes[..count], scratch);
            if load.is_ok() {
                self.widen(&bytes[..count], out, &mut scratch.spare);
            }
            scratch.unpacked = bytes;
            load?;
        }
        if self.page.colour == Colour::YCbCr && !self.page.is_planar {
            if T::DTYPE != DType::UInt8 || self.page.codec != Codec::Jpeg {
                let what = "colours in YCbCr that are not packed as JPEG".to_owned();
                return Err(Fault::Unsupported(what).into());
            }
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(out);
            bytes.as_chunks_mut().0.iter_mut().for_each(to_rgb);
        }
        Ok(())
    }

    /// Reads the packed bytes and unpacks them.
    fn load<T>(&self, out: &mut [u8], scratch: &mut Scratch<T>) -> Result<(), Stop> {
        let (offset, length) = self.place;
        let codec = self.page.codec;
        if codec == Codec::None {
            self.file.read_at(offset, out)?;
        } else {
            scratch.packed.resize(length as usize, 0);
            self.file.read_at(offset, &mut scratch.packed)?;
            if self.page.is_bit_reversed && codec != Codec::Jpeg {
                reverse_bits(&mut scratch.packed);
            }
            let (packed, decoders) = (&scratch.packed, &mut scratch.decoders);
            codec.unpack(packed, self.tables, self.shape, out, decoders)?;
        }
        if self.page.is_bit_reversed && codec == Codec::None && self.page.bits < 8 {
            reverse_bits(out);
        }
        Ok(())
    }

    /// Brings samples of full size into this machine's order and undoes the predictor.
    fn restore<T: Sample>(&self, out: &mut [T], spare: &mut Vec<u8>) {
        let (row, size) = (self.row(), size_of::<T>());
        if self.page.predictor == Predictor::Float {
            let bytes = bytemuck::cast_slice_mut(out);
            undo_float(bytes, row * size, self.shape.samples, size, spare);
            return;
        }
        let is_swapped = self.file.layout.is_big_endian != cfg!(target_endian = "big");
        if is_swapped && size > 1 {
            for sample in out.iter_mut() {
                *sample = sample.swapped();
            }
        }
        if self.page.predictor == Predictor::Horizontal {
            undo_horizontal(out, row, self.shape.samples);
        }
    }

    /// Makes samples of a type that arrays have from smaller ones.
    fn widen<T: Sample>(&self, bytes: &[u8], out: &mut [T], spare: &mut Vec<u8>) {
        let (page, row) = (self.page, self.row());
        if page.dtype.is_float() {
            let mut halves = vec![0u16; out.len()];
            bytemuck::cast_slice_mut(&mut halves).copy_from_slice(bytes);
            self.restore(&mut halves, spare);
            for (sample, half) in out.iter_mut().zip(halves) {
                *sample = T::from_half(half::f16::from_bits(half));
            }
            return;
        }
        if page.bits.is_multiple_of(8) {
            let is_big_endian = self.file.layout.is_big_endian;
            unpack_bytes(bytes, page.bits / 8, is_big_endian, out);
        } else {
            unpack_bits(bytes, page.bits, row, out);
        }
        if page.predictor == Predictor::Horizontal {
            undo_horizontal(out, row, self.shape.samples);
            for sample in out {
                *sample = T::from_bits(sample.bits(), page.bits as u32);
            }
        }
    }

    /// Samples a row.
    fn row(&self) -> usize {
        self.shape.width * self.shape.samples
    }
}

fn reverse_bits(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = byte.reverse_bits();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
