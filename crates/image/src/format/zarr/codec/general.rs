//! The general compressors. Unpacking never takes more memory than the content really has.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use zstd::bulk::{Compressor, Decompressor};

thread_local! {
    /// The working memory of the decoder, kept because it is costly to prepare.
    static ZSTD: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    /// The same of the encoder, with its level.
    static ZSTD_ENCODER: RefCell<Option<(i32, Compressor<'static>)>> = const { RefCell::new(None) };
}

pub(super) fn zstd_encode(bytes: &[u8], level: i32) -> Result<Vec<u8>, String> {
    let run = || {
        ZSTD_ENCODER.with_borrow_mut(|known| match known {
            Some((of, encoder)) if *of == level => encoder.compress(bytes),
            _ => {
                let (_, encoder) = known.insert((level, Compressor::new(level)?));
                encoder.compress(bytes)
            }
        })
    };
    run().map_err(|error| refused("zstd", &error))
}

pub(super) fn zstd_decode(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    // A block of at most 128 KiB takes at least 4 bytes.
    let capacity = most.min(bytes.len().saturating_mul(1 << 15));
    let mut content = Vec::with_capacity(capacity);
    with_zstd(|decoder| decoder.decompress_to_buffer(bytes, &mut content))?;
    Ok(content)
}

/// Unpacks into memory that is there, and tells how many bytes it were.
pub(super) fn zstd_decode_into(bytes: &[u8], to: &mut [u8]) -> Result<usize, String> {
    with_zstd(|decoder| decoder.decompress_to_buffer(bytes, to))
}

fn with_zstd<T>(
    decode: impl FnOnce(&mut Decompressor<'static>) -> io::Result<T>,
) -> Result<T, String> {
    let run = || {
        ZSTD.with_borrow_mut(|decoder| match decoder {
            Some(decoder) => decode(decoder),
            None => decode(decoder.insert(Decompressor::new()?)),
        })
    };
    run().map_err(|error| refused("zstd", &error))
}

pub(super) fn gzip_encode(bytes: &[u8], level: u32) -> Result<Vec<u8>, String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level.min(9)));
    let written = encoder.write_all(bytes);
    written
        .and_then(|()| encoder.finish())
        .map_err(|error| refused("gzip", &error))
}

pub(super) fn gzip_decode(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    take("gzip", MultiGzDecoder::new(bytes), bytes.len(), most)
}

pub(super) fn zlib_encode(bytes: &[u8], level: u32) -> Result<Vec<u8>, String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level.min(9)));
    let written = encoder.write_all(bytes);
    written
        .and_then(|()| encoder.finish())
        .map_err(|error| refused("zlib", &error))
}

pub(super) fn zlib_decode(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    take("zlib", ZlibDecoder::new(bytes), bytes.len(), most)
}

pub(super) fn bz2_encode(bytes: &[u8], level: u32) -> Result<Vec<u8>, String> {
    let level = bzip2::Compression::new(level.clamp(1, 9));
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
    let written = encoder.write_all(bytes);
    written
        .and_then(|()| encoder.finish())
        .map_err(|error| refused("bz2", &error))
}

pub(super) fn bz2_decode(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    take(
        "bz2",
        bzip2::read::MultiBzDecoder::new(bytes),
        bytes.len(),
        most,
    )
}

pub(super) fn lz4_encode(bytes: &[u8]) -> Vec<u8> {
    lz4_flex::block::compress_prepend_size(bytes)
}

pub(super) fn lz4_decode(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let (size, block) = bytes.split_first_chunk().ok_or("is too short for lz4")?;
    let size = u32::from_le_bytes(*size) as usize;
    // One byte of an LZ4 block stands for at most 255.
    if size > most || size > block.len().saturating_mul(255) {
        return Err(format!(
            "claims {size} bytes in {} bytes of lz4",
            block.len()
        ));
    }
    lz4_flex::block::decompress(block, size).map_err(|error| refused("lz4", &error))
}

/// Reads to the end, into memory that grows with what there is.
fn take(name: &str, reader: impl Read, packed: usize, most: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(most.min(packed.saturating_mul(8)));
    let read: io::Result<usize> = reader.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| refused(name, &error))?;
    Ok(bytes)
}

fn refused(name: &str, error: &dyn std::fmt::Display) -> String {
    format!("is no valid {name} data: {error}")
}
