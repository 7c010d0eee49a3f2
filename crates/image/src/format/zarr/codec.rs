//! How the bytes of a chunk are packed.

mod bitshuffle;
mod blosc;
mod blosclz;
mod general;

pub(super) use blosc::{Blosc, Compressor, Shuffle};

/// One step from bytes to packed bytes, in the terms that both Zarr versions share.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Codec {
    /// Blosc 1 with one of its compressors.
    Blosc(Blosc),
    /// Zstandard (RFC 8878).
    Zstd {
        /// From 1, fast, to 22, small.
        level: i32,
    },
    /// Deflate with the frame of RFC 1952.
    Gzip {
        /// From 0 to 9.
        level: u32,
    },
    /// Deflate with the frame of RFC 1950.
    Zlib {
        /// From 0 to 9.
        level: u32,
    },
    /// Bzip2.
    Bz2 {
        /// From 1 to 9.
        level: u32,
    },
    /// An LZ4 block after its length, as the library numcodecs frames it.
    Lz4,
    /// A checksum (RFC 3720) after the bytes.
    Crc32c,
}

impl Codec {
    /// What users call it.
    pub(super) fn name(&self) -> String {
        match self {
            Codec::Blosc(blosc) => format!("blosc ({})", blosc.compressor.name()),
            Codec::Zstd { .. } => "zstd".to_owned(),
            Codec::Gzip { .. } => "gzip".to_owned(),
            Codec::Zlib { .. } => "zlib".to_owned(),
            Codec::Bz2 { .. } => "bz2".to_owned(),
            Codec::Lz4 => "lz4".to_owned(),
            Codec::Crc32c => "crc32c".to_owned(),
        }
    }

    /// Packs bytes.
    pub(super) fn encode(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Codec::Blosc(blosc) => blosc.encode(bytes),
            Codec::Zstd { level } => general::zstd_encode(bytes, *level),
            Codec::Gzip { level } => general::gzip_encode(bytes, *level),
            Codec::Zlib { level } => general::zlib_encode(bytes, *level),
            Codec::Bz2 { level } => general::bz2_encode(bytes, *level),
            Codec::Lz4 => Ok(general::lz4_encode(bytes)),
            Codec::Crc32c => {
                let mut bytes = bytes.to_vec();
                bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
                Ok(bytes)
            }
        }
    }

    /// Unpacks bytes into at most `most` bytes.
    pub(super) fn decode(&self, mut bytes: Vec<u8>, most: usize) -> Result<Vec<u8>, String> {
        match self {
            Codec::Blosc(_) => blosc::decode(&bytes, most),
            Codec::Zstd { .. } => general::zstd_decode(&bytes, most),
            Codec::Gzip { .. } => general::gzip_decode(&bytes, most),
            Codec::Zlib { .. } => general::zlib_decode(&bytes, most),
            Codec::Bz2 { .. } => general::bz2_decode(&bytes, most),
            Codec::Lz4 => general::lz4_decode(&bytes, most),
            Codec::Crc32c => {
                let sum = bytes.last_chunk::<4>().map(|sum| u32::from_le_bytes(*sum));
                let content = bytes.len().saturating_sub(4);
                if sum != Some(crc32c::crc32c(&bytes[..content])) {
                    return Err("has a wrong checksum".to_owned());
                }
                bytes.truncate(content);
                Ok(bytes)
            }
        }
    }
}
