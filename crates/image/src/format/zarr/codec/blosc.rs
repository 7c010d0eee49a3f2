//! Blosc 1: blocks of samples, shuffled and compressed.
//!
//! The format is that of C-Blosc 1.x, `README_CHUNK_FORMAT.rst`.

use std::cell::RefCell;

use super::bitshuffle::{bitshuffle, bitunshuffle, shuffle, unshuffle};
use super::{blosclz, general};

const HEADER_BYTES: usize = 16;
/// Bits of the third byte.
const SHUFFLED: u8 = 1;
const COPIED: u8 = 2;
const BIT_SHUFFLED: u8 = 4;
const NOT_SPLIT: u8 = 16;
/// The size of the blocks that are written; they fit into the processor's cache.
const BLOCK_BYTES: usize = 256 << 10;

thread_local! {
    /// Two blocks of working memory, kept from chunk to chunk.
    static SCRATCH: RefCell<[Vec<u8>; 2]> = const { RefCell::new([const { Vec::new() }; 2]) };
}

/// Lends two blocks of working memory of this size.
fn with_scratch<R>(block: usize, step: impl FnOnce(&mut [Vec<u8>; 2]) -> R) -> R {
    let mut scratch = SCRATCH.take();
    for part in scratch.iter_mut().filter(|part| part.len() < block) {
        // Fresh zeros cost no memory before they are written to, whatever a header claims.
        *part = vec![0; block];
    }
    let result = step(&mut scratch);
    // What only a large foreign block needed is given back.
    if block <= 16 * BLOCK_BYTES {
        SCRATCH.set(scratch);
    }
    result
}

/// The transposition before compressing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format::zarr) enum Shuffle {
    None,
    Bytes,
    Bits,
}

/// The compressors inside blosc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format::zarr) enum Compressor {
    BloscLz,
    Lz4,
    Zlib,
    Zstd,
    Snappy,
}

impl Compressor {
    /// The name in metadata; `lz4hc` packs harder in the format of `lz4`.
    pub(in crate::format::zarr) fn name(self) -> &'static str {
        match self {
            Compressor::BloscLz => "blosclz",
            Compressor::Lz4 => "lz4",
            Compressor::Zlib => "zlib",
            Compressor::Zstd => "zstd",
            Compressor::Snappy => "snappy",
        }
    }

    pub(in crate::format::zarr) fn from_name(name: &str) -> Option<Compressor> {
        Some(match name {
            "blosclz" => Compressor::BloscLz,
            "lz4" | "lz4hc" => Compressor::Lz4,
            "zlib" => Compressor::Zlib,
            "zstd" => Compressor::Zstd,
            "snappy" => Compressor::Snappy,
            _ => return None,
        })
    }
}

/// The settings that metadata give; what decodes is in the chunk itself.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::format::zarr) struct Blosc {
    pub(in crate::format::zarr) compressor: Compressor,
    pub(in crate::format::zarr) level: i32,
    pub(in crate::format::zarr) shuffle: Shuffle,
    /// The size of a sample in bytes.
    pub(in crate::format::zarr) size: usize,
}

impl Blosc {
    /// What is written: zstd after a bit shuffle.
    pub(in crate::format::zarr) fn of_samples(size: usize) -> Blosc {
        Blosc {
            compressor: Compressor::Zstd,
            level: 5,
            shuffle: Shuffle::Bits,
            size,
        }
    }

    /// Packs bytes with zstd, whatever compressor the settings name.
    pub(super) fn encode(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let too_large = |_| format!("has {} bytes, too many for blosc", bytes.len());
        let length = u32::try_from(bytes.len()).map_err(too_large)?;
        let size = self.size.clamp(1, 255);
        // A multiple of eight samples, so that the bits of all can be shuffled.
        let block = (BLOCK_BYTES / (8 * size) * 8 * size)
            .min(bytes.len())
            .max(1);
        let flags = NOT_SPLIT
            | 4 << 5
            | match self.shuffle {
                Shuffle::None => 0,
                Shuffle::Bytes => SHUFFLED,
                Shuffle::Bits => BIT_SHUFFLED,
            };
        let blocks = bytes.len().div_ceil(block);
        let mut packed = vec![2, 1, flags, size as u8];
        packed.extend(length.to_le_bytes());
        packed.extend((block as u32).to_le_bytes());
        packed.resize(HEADER_BYTES + 4 * blocks, 0);
        with_scratch(block, |scratch| {
            self.encode_blocks(bytes, block, scratch, &mut packed)
        })?;
        if packed.len() >= HEADER_BYTES + bytes.len() {
            packed.truncate(HEADER_BYTES);
            packed[2] |= COPIED;
            packed.extend(bytes);
        }
        let total = (packed.len() as u32).to_le_bytes();
        packed[12..HEADER_BYTES].copy_from_slice(&total);
        Ok(packed)
    }

    /// Appends the blocks, and fills in where they begin.
    fn encode_blocks(
        &self,
        bytes: &[u8],
        block: usize,
        [shuffled, planes]: &mut [Vec<u8>; 2],
        packed: &mut Vec<u8>,
    ) -> Result<(), String> {
        let size = self.size.clamp(1, 255);
        for (number, part) in bytes.chunks(block).enumerate() {
            let start = (packed.len() as u32).to_le_bytes();
            packed[HEADER_BYTES + 4 * number..][..4].copy_from_slice(&start);
            let shuffled = &mut shuffled[..part.len()];
            match self.shuffle {
                Shuffle::Bits => bitshuffle(part, size, shuffled, planes),
                Shuffle::Bytes => shuffle(part, size, shuffled),
                Shuffle::None => shuffled.copy_from_slice(part),
            }
            let content = general::zstd_encode(shuffled, zstd_level(self.level))?;
            // As many bytes as the block itself means that they are not compressed.
            let content = if content.len() < part.len() {
                &content[..]
            } else {
                &*shuffled
            };
            packed.extend((content.len() as u32).to_le_bytes());
            packed.extend(content);
        }
        Ok(())
    }
}

/// The level of zstd that a level of blosc stands for.
fn zstd_level(level: i32) -> i32 {
    match level {
        9.. => 22,
        level => (level * 2 - 1).max(1),
    }
}

/// Unpacks a chunk into at most `most` bytes.
pub(super) fn decode(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let damaged = || "is no valid blosc data".to_owned();
    let header: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or_else(damaged)?;
    let [version, _, flags, size, ..] = *header;
    let number = |at: usize| read_u32(bytes, at).ok_or_else(damaged);
    let (length, block, packed) = (number(4)?, number(8)?, number(12)?);
    if !(1..=2).contains(&version) || length > most || packed > bytes.len() {
        return Err(damaged());
    }
    let bytes = &bytes[..packed];
    if flags & COPIED != 0 {
        let content = bytes
            .get(HEADER_BYTES..)
            .and_then(|content| content.get(..length));
        return content.map(<[u8]>::to_vec).ok_or_else(damaged);
    }
    if length == 0 {
        return Ok(Vec::new());
    }
    let blocks = if block == 0 {
        0
    } else {
        length.div_ceil(block)
    };
    if blocks == 0 || bytes.len() < HEADER_BYTES + 4 * blocks {
        return Err(damaged());
    }
    let kind = Kind {
        flags,
        size: usize::from(size.max(1)),
        block,
    };
    let mut samples = vec![0; length];
    with_scratch(block.min(length), |scratch| {
        samples
            .chunks_mut(block)
            .enumerate()
            .try_for_each(|(number, to)| {
                let start = read_u32(bytes, HEADER_BYTES + 4 * number).ok_or_else(damaged)?;
                kind.decode_block(bytes, start, scratch, to)
            })
    })?;
    Ok(samples)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize)
}

/// What the header says about all blocks.
struct Kind {
    flags: u8,
    size: usize,
    block: usize,
}

impl Kind {
    fn decode_block(
        &self,
        bytes: &[u8],
        mut at: usize,
        [scratch, planes]: &mut [Vec<u8>; 2],
        to: &mut [u8],
    ) -> Result<(), String> {
        let damaged = || "has a damaged blosc block".to_owned();
        let by_bytes = self.flags & SHUFFLED != 0 && self.size > 1;
        let by_bits = !by_bytes && self.flags & BIT_SHUFFLED != 0 && self.block >= self.size;
        let scratch = &mut scratch[..to.len()];
        // Each byte of the samples has a stream of its own, except in the shorter last block.
        let is_split = self.flags & NOT_SPLIT == 0
            && to.len() == self.block
            && self.size <= 16
            && self.block / self.size >= 128;
        let stream = if is_split {
            self.block / self.size
        } else {
            to.len()
        };
        let streams = to.len().checked_div(stream).unwrap_or(0);
        if streams * stream != to.len() {
            return Err(damaged());
        }
        for part in scratch.chunks_mut(stream) {
            let length = read_u32(bytes, at).ok_or_else(damaged)?;
            let content = bytes[at + 4..].get(..length).ok_or_else(damaged)?;
            at += 4 + length;
            if length == part.len() {
                part.copy_from_slice(content);
            } else {
                self.unpack(content, part)?;
            }
        }
        if by_bytes {
            unshuffle(scratch, self.size, to);
        } else if by_bits {
            bitunshuffle(scratch, self.size, to, planes);
        } else {
            to.copy_from_slice(scratch);
        }
        Ok(())
    }

    fn unpack(&self, content: &[u8], to: &mut [u8]) -> Result<(), String> {
        let length = to.len();
        let unpacked = match self.flags >> 5 {
            1 => lz4_flex::block::decompress_into(content, to)
                .map_err(|error| format!("is no valid lz4 data: {error}"))?,
            4 => general::zstd_decode_into(content, to)?,
            0 => fill(
                to,
                &blosclz::decode(content, length).ok_or("is no valid blosclz data")?,
            ),
            3 => fill(to, &general::zlib_decode(content, length)?),
            2 => return Err("is compressed with snappy, which is not read".to_owned()),
            other => return Err(format!("is compressed with the unknown method {other}")),
        };
        if unpacked != length {
            return Err("has a damaged blosc block".to_owned());
        }
        Ok(())
    }
}

/// Copies what fits exactly; how many bytes there were.
fn fill(to: &mut [u8], from: &[u8]) -> usize {
    if from.len() == to.len() {
        to.copy_from_slice(from);
    }
    from.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_and_damage_is_noticed() {
        for shuffle in [Shuffle::None, Shuffle::Bytes, Shuffle::Bits] {
            for (length, size) in [(0, 2), (1, 2), (700_000, 2), (600_001, 4), (4096, 8)] {
                let bytes: Vec<u8> = (0..length).map(|i: usize| (i / 50 % 251) as u8).collect();
                let blosc = Blosc {
                    shuffle,
                    ..Blosc::of_samples(size)
                };
                let packed = blosc.encode(&bytes).unwrap();
                assert_eq!(decode(&packed, length).unwrap(), bytes);
                for cut in [0, 5, 17, packed.len() / 2, packed.len().saturating_sub(1)] {
                    let cut = cut.min(packed.len() - 1);
                    assert!(decode(&packed[..cut], length).is_err());
                }
                for at in 0..packed.len().min(64) {
                    let mut other = packed.clone();
                    other[at] ^= 0xff;
                    let _ = decode(&other, length);
                }
            }
        }
    }
}
