//! Writing PNG files row by row.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayD, Axis as Dimension, s};
use png::{BitDepth, ColorType, EncodingError, StreamWriter};
use tempfile::NamedTempFile;

use crate::axes::Axis;
use crate::dtype::DType;
use crate::error::ImageError;
use crate::files;
use crate::image::{Pixels, tczyx};
use crate::sink::{Sink, Target};

/// How many packed bytes go to the disk at once.
const CHUNK_BYTES: usize = 1 << 18;

/// What every PNG file ends with.
const END: [u8; 12] = *b"\0\0\0\0IEND\xaeB`\x82";

/// A file that is being written; rows wait until they and all rows above are complete.
pub(super) struct PngSink {
    path: PathBuf,
    target: Target,
    block: Vec<usize>,
    state: Mutex<State>,
}

struct State {
    writer: StreamWriter<'static, File>,
    file: NamedTempFile,
    next: usize,
    waiting: BTreeMap<usize, Row>,
    row_bytes: usize,
}

/// Samples as they are stored, and how many bytes of them have not come yet.
struct Row {
    packed: Vec<u8>,
    missing: usize,
}

impl PngSink {
    pub(super) fn new(path: &Path, target: Target) -> Result<PngSink, ImageError> {
        let colour = check(path, &target)?;
        let [width, height] = [Axis::X, Axis::Y].map(|axis| target.len_of(axis));
        let (Ok(wide), Ok(high)) = (u32::try_from(width), u32::try_from(height)) else {
            let size = format!("an image of {width} x {height} is too large for PNG");
            return Err(unsupported(path, size));
        };
        let refused = |error| ImageError::io(path, "write", error);
        let file = files::begin(path).map_err(refused)?;
        let mut encoder = png::Encoder::new(file.reopen().map_err(refused)?, wide, high);
        encoder.set_color(colour);
        encoder.set_depth(match target.dtype {
            DType::UInt16 => BitDepth::Sixteen,
            _ => BitDepth::Eight,
        });
        let writer = encoder
            .write_header()
            .and_then(|writer| writer.into_stream_writer_with_size(CHUNK_BYTES))
            .map_err(|error| fault(path, error))?;
        let mut block = target.shape.clone();
        if let Some(rows) = target.axes.position(Axis::Y) {
            block[rows] = height.min(256);
        }
        let row_bytes = width * target.len_of(Axis::C) * target.dtype.bytes();
        Ok(PngSink {
            path: path.to_owned(),
            block,
            target,
            state: Mutex::new(State {
                writer,
                file,
                next: 0,
                waiting: BTreeMap::new(),
                row_bytes,
            }),
        })
    }

    /// Puts the samples of a block where they belong in their rows, and writes what is complete.
    fn fill<T: Copy, const N: usize>(
        &self,
        origin: &[usize],
        block: &ArrayD<T>,
        to_bytes: impl Fn(T) -> [u8; N],
    ) -> Result<(), ImageError> {
        let [c, y, x] = [Axis::C, Axis::Y, Axis::X].map(|axis| {
            let position = self.target.axes.position(axis);
            position.map_or(0, |position| origin[position])
        });
        let samples = self.target.len_of(Axis::C);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let block = tczyx(&self.target.axes, block);
        let planes = block.slice(s![0, .., 0, .., ..]);
        for (row, planes) in planes.axis_iter(Dimension(1)).enumerate() {
            let to = state.row(y + row);
            for ((channel, column), &value) in planes.indexed_iter() {
                let place = ((x + column) * samples + c + channel) * N;
                to.packed[place..place + N].copy_from_slice(&to_bytes(value));
            }
            to.missing = to.missing.saturating_sub(planes.len() * N);
        }
        let written = state.flush();
        written.map_err(|error| ImageError::io(&self.path, "write", error))
    }
}

impl State {
    fn row(&mut self, row: usize) -> &mut Row {
        let bytes = self.row_bytes;
        self.waiting.entry(row).or_insert_with(|| Row {
            packed: vec![0; bytes],
            missing: bytes,
        })
    }

    /// Writes the complete rows that follow those that are written.
    fn flush(&mut self) -> io::Result<()> {
        while let Some(first) = self.waiting.first_entry() {
            if *first.key() != self.next || first.get().missing > 0 {
                break;
            }
            self.writer.write_all(&first.remove().packed)?;
            self.next += 1;
        }
        Ok(())
    }
}

impl Sink for PngSink {
    fn target(&self) -> &Target {
        &self.target
    }

    fn block(&self) -> &[usize] {
        &self.block
    }

    fn write(&self, origin: &[usize], block: &Pixels) -> Result<(), ImageError> {
        let shape = &self.target.shape;
        let fits = origin.len() == shape.len()
            && block.shape().len() == shape.len()
            && (origin.iter().zip(block.shape()).zip(shape))
                .all(|((&start, &length), &whole)| start <= whole && length <= whole - start);
        match block {
            _ if fits && block.shape().contains(&0) => Ok(()),
            Pixels::U8(array) if fits && self.target.dtype == DType::UInt8 => {
                self.fill(origin, array, |value| [value])
            }
            Pixels::U16(array) if fits && self.target.dtype == DType::UInt16 => {
                self.fill(origin, array, u16::to_be_bytes)
            }
            _ => Err(self.target.misfit(&self.path, origin, block)),
        }
    }

    /// Pixels that never came are zeros.
    fn finish(self: Box<Self>) -> Result<(), ImageError> {
        let PngSink {
            path,
            target,
            state,
            ..
        } = *self;
        let mut state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let refused = |error| ImageError::io(&path, "write", error);
        for row in state.next..target.len_of(Axis::Y) {
            state.row(row).missing = 0;
            state.flush().map_err(refused)?;
        }
        let State { writer, file, .. } = state;
        writer.finish().map_err(|error| fault(&path, error))?;
        check_end(file.as_file()).map_err(refused)?;
        files::publish(file, &path).map_err(refused)
    }
}

/// The encoder does not tell whether it could write the last bytes.
fn check_end(mut file: &File) -> io::Result<()> {
    let mut end = [0; END.len()];
    file.seek(SeekFrom::End(-(END.len() as i64)))?;
    file.read_exact(&mut end)?;
    if end == END {
        Ok(())
    } else {
        Err(io::ErrorKind::StorageFull.into())
    }
}

/// Checks that PNG can hold the image, and how it calls its channels.
fn check(path: &Path, target: &Target) -> Result<ColorType, ImageError> {
    for axis in [Axis::T, Axis::Z] {
        let length = target.len_of(axis);
        if length != 1 {
            let feature = format!("PNG holds one plane, the image has {length} along {axis}");
            return Err(unsupported(path, feature));
        }
    }
    if ![DType::UInt8, DType::UInt16].contains(&target.dtype) {
        let feature = format!("PNG holds uint8 and uint16, the image is {}", target.dtype);
        return Err(unsupported(path, feature));
    }
    match target.len_of(Axis::C) {
        1 => Ok(ColorType::Grayscale),
        2 => Ok(ColorType::GrayscaleAlpha),
        3 => Ok(ColorType::Rgb),
        4 => Ok(ColorType::Rgba),
        channels => Err(unsupported(
            path,
            format!("PNG holds at most 4 channels, the image has {channels}"),
        )),
    }
}

fn unsupported(path: &Path, feature: String) -> ImageError {
    ImageError::Unsupported {
        path: path.to_owned(),
        feature,
        remedy: "write the image as .tif".to_owned(),
    }
}

fn fault(path: &Path, error: EncodingError) -> ImageError {
    match error {
        EncodingError::IoError(source) => ImageError::io(path, "write", source),
        other => unsupported(path, other.to_string()),
    }
}
