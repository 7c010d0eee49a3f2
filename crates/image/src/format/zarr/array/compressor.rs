//! The codecs that both versions of Zarr name alike.

use serde_json::Value;

use crate::error::ImageError;
use crate::format::zarr::codec::{Blosc, Codec, Compressor, Shuffle};
use crate::format::zarr::store::Location;

/// Why a configuration is no codec.
pub(super) enum Fault {
    /// There is no codec of that name.
    Unknown,
    /// What blosc packs with is not named.
    BloscWithoutName,
}

impl Fault {
    /// The error of a configuration in a metadata file.
    pub(super) fn at(self, at: &Location, file: &str, configuration: &Value) -> ImageError {
        match self {
            Fault::Unknown => at.unsupported(
                file,
                format!("is packed by {configuration}"),
                "write the array again with blosc, zstd, gzip or without compression",
            ),
            Fault::BloscWithoutName => at.malformed(file, "has no valid `cname` of blosc"),
        }
    }
}

/// The codec of a name with its settings, for samples of `size` bytes; versions differ in how they
/// write blosc's `shuffle`.
pub(super) fn compressor(
    name: &str,
    settings: &Value,
    (shuffle, size): (Shuffle, usize),
) -> Result<Codec, Fault> {
    let level = |default: i64| settings["level"].as_i64().unwrap_or(default).clamp(0, 22);
    Ok(match name {
        "blosc" => Codec::Blosc(Blosc {
            compressor: settings["cname"]
                .as_str()
                .and_then(Compressor::from_name)
                .ok_or(Fault::BloscWithoutName)?,
            level: settings["clevel"].as_i64().unwrap_or(5).clamp(0, 9) as i32,
            shuffle,
            size,
        }),
        "zstd" => Codec::Zstd {
            level: level(3) as i32,
        },
        "gzip" => Codec::Gzip {
            level: level(5) as u32,
        },
        "zlib" => Codec::Zlib {
            level: level(5) as u32,
        },
        "bz2" => Codec::Bz2 {
            level: level(5) as u32,
        },
        "lz4" => Codec::Lz4,
        "crc32c" => Codec::Crc32c,
        _ => return Err(Fault::Unknown),
    })
}
