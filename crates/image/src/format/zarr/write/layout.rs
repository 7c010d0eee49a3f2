//! How an array is cut into chunks and shards, and how they are packed.

use std::path::Path;

use crate::axes::Axis;
use crate::error::ImageError;
use crate::format::zarr::array::{ArrayMetadata, Keys, Order, Shards, Stored, Version};
use crate::format::zarr::codec::{Blosc, Codec};
use crate::format::{Compression, WriteOptions};
use crate::sink::Target;

/// About the largest chunk in bytes.
const CHUNK_BYTES: usize = 4 << 20;
/// The sides that chunks have in a plane, where nothing else is wanted.
const CHUNK_SIDES: std::ops::RangeInclusive<usize> = 64..=512;
/// About the largest shard in bytes.
const SHARD_BYTES: usize = 256 << 20;
/// Arrays of fewer bytes have no shards.
const LARGE_BYTES: usize = 64 << 20;

/// The choices that all levels of an image share.
pub(super) struct Layout {
    pub(super) version: Version,
    compression: Compression,
    /// The side of a chunk along y and x, and at most along z.
    side: Option<usize>,
}

impl Layout {
    /// What the options ask for, or the usual.
    pub(super) fn choose(
        path: &Path,
        version: Version,
        options: &WriteOptions,
    ) -> Result<Layout, ImageError> {
        let refuse = |feature: String, remedy: &str| {
            let (path, remedy) = (path.to_owned(), remedy.to_owned());
            Err(ImageError::Unsupported {
                path,
                feature,
                remedy,
            })
        };
        let compression = options.compression.unwrap_or(match version {
            // Readers of Zarr 2 all know blosc.
            Version::V2 => Compression::Blosc,
            Version::V3 => Compression::Zstd,
        });
        if compression == Compression::Lzw {
            return refuse(
                "Zarr has no LZW".to_owned(),
                "use zstd, blosc, deflate or none",
            );
        }
        if let Some(side) = options.tile.filter(|side| !(1..=4096).contains(side)) {
            return refuse(
                format!("chunks with sides of {side} pixels"),
                "use 1 to 4096, such as 512",
            );
        }
        Ok(Layout {
            version,
            compression,
            side: options.tile,
        })
    }

    /// The description of a level of an image.
    pub(super) fn array(&self, image: &Target, shape: &[usize]) -> ArrayMetadata {
        let chunk = self.chunk(image, shape);
        let shards = match self.version {
            Version::V2 => None,
            Version::V3 => shard(image, shape, &chunk),
        };
        ArrayMetadata {
            version: self.version,
            shape: shape.to_vec(),
            stored: Stored::As(image.dtype),
            fill: vec![0; image.dtype.bytes()],
            shards: shards.map(|shape| Shards {
                shape,
                index_first: false,
                has_checksum: true,
            }),
            chunk,
            keys: Keys {
                prefix: if self.version == Version::V2 {
                    ""
                } else {
                    "c/"
                },
                separator: '/',
            },
            order: Order {
                axes: (0..shape.len()).collect(),
                is_big_endian: false,
            },
            codecs: self.codecs(image.dtype.bytes()),
            names: Some(
                image
                    .axes
                    .iter()
                    .map(|axis| Some(axis.to_string()))
                    .collect(),
            ),
        }
    }

    fn codecs(&self, size: usize) -> Vec<Codec> {
        match self.compression {
            Compression::None | Compression::Lzw => Vec::new(),
            Compression::Deflate => vec![Codec::Gzip { level: 6 }],
            Compression::Zstd => vec![Codec::Zstd { level: 3 }],
            Compression::Blosc => vec![Codec::Blosc(Blosc::of_samples(size))],
        }
    }

    /// Planes of thin images, near cubes of thick ones: one to a few MiB.
    fn chunk(&self, image: &Target, shape: &[usize]) -> Vec<usize> {
        let size = image.dtype.bytes();
        let along = |axis: Axis| image.axes.position(axis).map_or(1, |at| shape[at]);
        let deep = self.side.unwrap_or(if size > 2 { 64 } else { 128 });
        let z = along(Axis::Z).min(deep);
        let mut side = *CHUNK_SIDES.end();
        while side > *CHUNK_SIDES.start() && z * side * side * size > CHUNK_BYTES {
            side /= 2;
        }
        let side = self.side.unwrap_or(side);
        image
            .axes
            .iter()
            .map(|axis| match axis {
                Axis::T | Axis::C => 1,
                Axis::Z => z,
                Axis::Y | Axis::X => side.min(along(axis)),
            })
            .collect()
    }
}

/// The lengths of shards: chunks side by side until the shard is large; none for small arrays.
fn shard(image: &Target, shape: &[usize], chunk: &[usize]) -> Option<Vec<usize>> {
    let bytes = |lengths: &[usize]| {
        lengths.iter().fold(image.dtype.bytes(), |bytes, &length| {
            bytes.saturating_mul(length)
        })
    };
    if bytes(shape) < LARGE_BYTES {
        return None;
    }
    let whole: Vec<usize> = shape
        .iter()
        .zip(chunk)
        .map(|(length, side)| length.next_multiple_of(*side))
        .collect();
    let mut shard = chunk.to_vec();
    // Whole rows of chunks first, then rows of rows, and so on.
    for axis in (0..shard.len()).rev() {
        let is_in_space = image
            .axes
            .iter()
            .nth(axis)
            .is_some_and(|axis| axis >= Axis::Z);
        while is_in_space && shard[axis] < whole[axis] {
            let mut larger = shard.clone();
            larger[axis] = (2 * shard[axis]).min(whole[axis]);
            if bytes(&larger) > SHARD_BYTES {
                break;
            }
            shard = larger;
        }
    }
    (shard != chunk).then_some(shard)
}
