//! The pixels of one block of a CZI file.

use std::io::Read;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jpeg_decoder::Decoder as JpegDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::directory::{Entry, Packing, SEGMENT_BYTES, segment};
use crate::error::ImageError;
use crate::format::raw::{FileBytes, Number};
use crate::format::{Limits, lzw};

/// The fixed part of a block's segment is at least so long.
const FIXED_BYTES: u64 = 256;

/// The rows `rows` (from the block's first) as they lie in memory.
pub(super) fn rows(
    file: &FileBytes,
    entry: &Entry,
    rows: Range<usize>,
    limits: Limits,
) -> Result<Vec<u8>, ImageError> {
    let [height, width] = [&entry.y, &entry.x].map(|range| range.clone().count());
    let row_bytes = width as u128 * entry.kind.bytes() as u128;
    let whole = row_bytes * height as u128;
    if whole > u128::from(limits.bytes) {
        return Err(ImageError::OverLimit {
            path: file.path().to_owned(),
            needed: whole,
            limit: limits.bytes,
        });
    }
    let (row_bytes, whole) = (row_bytes as usize, whole as usize);
    let (start, length) = data(file, entry)?;
    if entry.packing == Packing::None {
        if length < whole as u64 {
            return Err(file.malformed(format!(
                "a block of {width} x {height} pixels has {length} bytes"
            )));
        }
        let skipped = (rows.start * row_bytes) as u64;
        return file.read(start + skipped, (rows.len() * row_bytes) as u64);
    }
    let packed = file.read(start, length)?;
    let bytes = catch_unwind(AssertUnwindSafe(|| unpack(entry, &packed, whole)))
        .ok()
        .flatten()
        .filter(|bytes| bytes.len() == whole)
        .ok_or_else(|| file.malformed("the packed pixels of a block are damaged"))?;
    Ok(bytes[rows.start * row_bytes..rows.end * row_bytes].to_vec())
}

/// Where in the file the pixels of a block are, and how many bytes they take.
fn data(file: &FileBytes, entry: &Entry) -> Result<(u64, u64), ImageError> {
    let head = segment(file, entry.place, "ZISRAWSUBBLOCK", 16)?;
    let metadata = i32::at(&head, 0).and_then(|length| u64::try_from(length).ok());
    let length = i64::at(&head, 8).and_then(|length| u64::try_from(length).ok());
    let (Some(metadata), Some(length)) = (metadata, length) else {
        return Err(file.malformed("a block has no valid lengths"));
    };
    let fixed = FIXED_BYTES.max(16 + entry.bytes);
    // The segment was read, so that its place is inside the file and nothing overflows.
    Ok((entry.place + SEGMENT_BYTES + fixed + metadata, length))
}

/// At most `whole` bytes; `None` if the packed data are damaged.
fn unpack(entry: &Entry, packed: &[u8], whole: usize) -> Option<Vec<u8>> {
    match entry.packing {
        Packing::None => None,
        Packing::Zstd0 => zstd(packed, whole),
        Packing::Zstd1 => zstd_with_header(packed, whole),
        Packing::Lzw => unpack_lzw(packed, whole),
        Packing::Jpeg => {
            let mut decoder = JpegDecoder::new(packed);
            decoder.read_info().ok()?;
            let info = decoder.info()?;
            let samples = info.pixel_format.pixel_bytes();
            let size = usize::from(info.width) * usize::from(info.height) * samples;
            if size != whole || samples != entry.kind.stored {
                return None;
            }
            let mut bytes = decoder.decode().ok()?;
            if samples == 3 {
                // The file format has blue first.
                bytes
                    .as_chunks_mut::<3>()
                    .0
                    .iter_mut()
                    .for_each(|colour| colour.reverse());
            }
            Some(bytes)
        }
    }
}

fn unpack_lzw(packed: &[u8], whole: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; whole];
    lzw::Decoder::default().unpack(packed, &mut bytes).ok()?;
    Some(bytes)
}

fn zstd(packed: &[u8], whole: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let decoder = ZstdDecoder::new(packed).ok()?;
    decoder.take(whole as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A header of its length and perhaps whether low and high bytes of samples lie apart.
fn zstd_with_header(packed: &[u8], whole: usize) -> Option<Vec<u8>> {
    let (is_apart, start) = match packed {
        [1, ..] => (false, 1),
        [3, 1, flags, ..] => (flags & 1 == 1, 3),
        _ => return None,
    };
    let bytes = zstd(&packed[start..], whole)?;
    if !is_apart {
        return Some(bytes);
    }
    let (low, high) = bytes.split_at(bytes.len() / 2);
    Some(
        low.iter()
            .zip(high)
            .flat_map(|(&low, &high)| [low, high])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lzw_is_unpacked_as_far_as_the_block_goes() {
        let bytes: Vec<u8> = (0..9000).map(|i| (i / 7 % 200) as u8).collect();
        let packed = lzw::Encoder::default().pack(&bytes);
        assert_eq!(unpack_lzw(&packed, bytes.len()).as_ref(), Some(&bytes));
        assert_eq!(unpack_lzw(&packed, 100).as_deref(), Some(&bytes[..100]));
        assert_eq!(unpack_lzw(&packed, bytes.len() + 1), None);
        assert_eq!(unpack_lzw(&packed[..packed.len() / 2], bytes.len()), None);
    }
}
