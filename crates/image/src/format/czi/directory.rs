//! The list of blocks of a CZI file.

use std::ops::Range;

use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::raw::{FileBytes, Number};

/// Bytes before the data of every segment: its name and two lengths.
pub(super) const SEGMENT_BYTES: u64 = 32;
/// Bytes of an entry of the list before its dimensions, and of each of these.
const ENTRY_BYTES: usize = 32;
const DIMENSION_BYTES: usize = 20;
/// More dimensions than the format has letters for.
const MOST_DIMENSIONS: usize = 40;

/// Zstandard packs 128 KiB of one value into four bytes.
const LARGEST_RATIO: u128 = 1 << 15;

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PixelKind {
    pub(super) dtype: DType,
    /// Samples a pixel in the file: 1 grey, 3 blue, green and red, 4 with one to ignore.
    pub(super) stored: usize,
}

impl PixelKind {
    pub(super) fn bytes(self) -> usize {
        self.dtype.bytes() * self.stored
    }

    /// The channels that a pixel becomes.
    pub(super) fn channels(self) -> usize {
        self.stored.min(3)
    }
}

/// How a block is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Jpeg,
    Lzw,
    Zstd0,
    Zstd1,
}

/// One block: a part of a plane.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: PixelKind,
    pub(super) packing: Packing,
    /// Where its segment begins in the file.
    pub(super) place: u64,
    /// The size of its own copy of the entry.
    pub(super) bytes: u64,
    /// Position along T, C and Z.
    pub(super) tcz: [i64; 3],
    pub(super) y: Range<i64>,
    pub(super) x: Range<i64>,
    pub(super) mosaic: i64,
    /// Which image of the file it belongs to: positions along the other dimensions.
    pub(super) image: Vec<(u8, i64)>,
}

/// What stands at the beginning of a file.
pub(super) struct Header {
    pub(super) directory: u64,
    pub(super) metadata: u64,
}

impl Header {
    pub(super) fn read(file: &FileBytes) -> Result<Header, ImageError> {
        let bytes = file.read(SEGMENT_BYTES, 80)?;
        let cut = || file.malformed("its header is too short");
        if i32::at(&bytes, 48).ok_or_else(cut)? != 0 {
            return Err(file.unsupported("it is one part of several files"));
        }
        let place = |at| u64::at(&bytes, at).ok_or_else(cut);
        Ok(Header {
            directory: place(52)?,
            metadata: place(60)?,
        })
    }
}

/// The data of a segment that must have this name, `length` bytes of them.
pub(super) fn segment(
    file: &FileBytes,
    place: u64,
    name: &str,
    length: u64,
) -> Result<Vec<u8>, ImageError> {
    let bytes = file.read(place, SEGMENT_BYTES + length)?;
    if !bytes.starts_with(name.as_bytes()) {
        return Err(file.malformed(format!("there is no {name} segment at byte {place}")));
    }
    Ok(bytes[SEGMENT_BYTES as usize..].to_vec())
}

/// All blocks in full resolution.
pub(super) fn entries(file: &FileBytes, place: u64) -> Result<Vec<Entry>, ImageError> {
    let head = segment(file, place, "ZISRAWDIRECTORY", 128)?;
    let count = i32::at(&head, 0).unwrap_or(0);
    let start = place + SEGMENT_BYTES + 128;
    let rest = file.length() - start;
    let count = u64::try_from(count)
        .ok()
        .filter(|&count| count <= rest / ENTRY_BYTES as u64)
        .ok_or_else(|| file.malformed(format!("it says to have {count} blocks")))?;
    let longest = (ENTRY_BYTES + MOST_DIMENSIONS * DIMENSION_BYTES) as u64;
    let bytes = file.read(start, rest.min(count * longest))?;
    let (mut entries, mut at) = (Vec::new(), 0);
    for _ in 0..count {
        let dimensions = i32::at(&bytes, at + 28).unwrap_or(-1);
        let dimensions = usize::try_from(dimensions)
            .ok()
            .filter(|&dimensions| dimensions <= MOST_DIMENSIONS)
            .ok_or_else(|| file.malformed("a block has no valid list of dimensions"))?;
        let end = at + ENTRY_BYTES + dimensions * DIMENSION_BYTES;
        let entry = bytes
            .get(at..end)
            .ok_or_else(|| file.malformed("its list of blocks is cut off"))?;
        entries.extend(parse(file, entry)?);
        at = end;
    }
    Ok(entries)
}

/// `None` for a block of a smaller copy.
fn parse(file: &FileBytes, bytes: &[u8]) -> Result<Option<Entry>, ImageError> {
    let bad = || file.malformed("a block of its list is not described");
    if !bytes.starts_with(b"DV") {
        return Err(bad());
    }
    let word = |at| i32::at(bytes, at).ok_or_else(bad);
    let mut entry = Entry {
        kind: kind(file, word(2)?)?,
        packing: packing(file, word(18)?)?,
        place: u64::at(bytes, 6).ok_or_else(bad)?,
        bytes: bytes.len() as u64,
        tcz: [0; 3],
        y: 0..0,
        x: 0..0,
        mosaic: 0,
        image: Vec::new(),
    };
    for dimension in bytes[ENTRY_BYTES..].as_chunks::<DIMENSION_BYTES>().0 {
        let word = |at| i32::at(dimension, at).map(i64::from).ok_or_else(bad);
        let (start, size, stored) = (word(4)?, word(8)?, word(16)?);
        match dimension[0] {
            letter @ (b'X' | b'Y') => {
                if stored != size && stored != 0 {
                    return Ok(None);
                }
                let range = start..start + size.max(0);
                *(if letter == b'X' {
                    &mut entry.x
                } else {
                    &mut entry.y
                }) = range;
            }
            b'T' => entry.tcz[0] = start,
            b'C' => entry.tcz[1] = start,
            b'Z' => entry.tcz[2] = start,
            b'M' => entry.mosaic = start,
            other => entry.image.push((other, start)),
        }
    }
    check_size(file, &entry)?;
    entry.image.sort_unstable();
    Ok(Some(entry))
}

/// Checks that a block has pixels, and not more than the file can hold.
fn check_size(file: &FileBytes, entry: &Entry) -> Result<(), ImageError> {
    if entry.x.is_empty() || entry.y.is_empty() {
        return Err(file.malformed("a block has no pixels"));
    }
    let lengths = [&entry.y, &entry.x].map(|range| (range.end - range.start) as u128);
    let ratio = if entry.packing == Packing::None {
        1
    } else {
        LARGEST_RATIO
    };
    let bytes = lengths[0] * lengths[1] * entry.kind.bytes() as u128;
    if bytes / ratio > u128::from(file.length()) {
        return Err(file.malformed(format!(
            "a block of {bytes} bytes does not fit into its {} bytes",
            file.length()
        )));
    }
    Ok(())
}

fn kind(file: &FileBytes, number: i32) -> Result<PixelKind, ImageError> {
    let (dtype, stored) = match number {
        0 => (DType::UInt8, 1),
        1 => (DType::UInt16, 1),
        2 => (DType::Float32, 1),
        3 => (DType::UInt8, 3),
        4 => (DType::UInt16, 3),
        8 => (DType::Float32, 3),
        9 => (DType::UInt8, 4),
        12 => (DType::UInt32, 1),
        13 => (DType::Float64, 1),
        10 | 11 => return Err(file.unsupported("it has complex samples")),
        other => return Err(file.malformed(format!("there are no samples of kind {other}"))),
    };
    Ok(PixelKind { dtype, stored })
}

fn packing(file: &FileBytes, number: i32) -> Result<Packing, ImageError> {
    Ok(match number {
        0 => Packing::None,
        1 => Packing::Jpeg,
        2 => Packing::Lzw,
        5 => Packing::Zstd0,
        6 => Packing::Zstd1,
        4 => return Err(file.unsupported("its blocks are packed as JPEG XR")),
        other => return Err(file.unsupported(format!("its blocks are packed by method {other}"))),
    })
}
