//! What both Zarr versions say about an array.

use serde_json::Value;

use super::{v2, v3};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::zarr::codec::Codec;
use crate::format::zarr::store::Location;

/// The largest chunk in bytes: it is unpacked in one piece.
const MOST_CHUNK_BYTES: u128 = 1 << 30;
/// The most chunks in a shard: their places are read in one piece.
const MOST_CHUNKS_IN_SHARD: u128 = 1 << 22;

/// A version of the storage format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format::zarr) enum Version {
    V2,
    V3,
}

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format::zarr) enum Stored {
    /// As they are read.
    As(DType),
    /// A byte for true or false, read as 1 and 0.
    Bool,
    /// IEEE 754 half precision, read as single.
    Half,
}

impl Stored {
    /// The type after reading.
    pub(in crate::format::zarr) fn dtype(self) -> DType {
        match self {
            Stored::As(dtype) => dtype,
            Stored::Bool => DType::UInt8,
            Stored::Half => DType::Float32,
        }
    }

    /// The size of a stored sample.
    pub(in crate::format::zarr) fn bytes(self) -> usize {
        match self {
            Stored::As(dtype) => dtype.bytes(),
            Stored::Bool => 1,
            Stored::Half => 2,
        }
    }

    /// The type of a name of Zarr version 3.
    pub(super) fn from_name(name: &str) -> Option<Stored> {
        Some(match name {
            "bool" => Stored::Bool,
            "float16" => Stored::Half,
            "uint8" => Stored::As(DType::UInt8),
            "int8" => Stored::As(DType::Int8),
            "uint16" => Stored::As(DType::UInt16),
            "int16" => Stored::As(DType::Int16),
            "uint32" => Stored::As(DType::UInt32),
            "int32" => Stored::As(DType::Int32),
            "uint64" => Stored::As(DType::UInt64),
            "int64" => Stored::As(DType::Int64),
            "float32" => Stored::As(DType::Float32),
            "float64" => Stored::As(DType::Float64),
            _ => return None,
        })
    }

    /// A sample of the type after reading, in the byte order of this machine, of a number that the
    /// type can hold.
    pub(super) fn sample(self, value: Number) -> Vec<u8> {
        macro_rules! as_bytes {
            ($kind:ty) => {
                match value {
                    Number::Whole(value) => value as $kind,
                    Number::Real(value) => value as $kind,
                }
                .to_ne_bytes()
                .to_vec()
            };
        }
        match self.dtype() {
            DType::UInt8 => as_bytes!(u8),
            DType::Int8 => as_bytes!(i8),
            DType::UInt16 => as_bytes!(u16),
            DType::Int16 => as_bytes!(i16),
            DType::UInt32 => as_bytes!(u32),
            DType::Int32 => as_bytes!(i32),
            DType::UInt64 => as_bytes!(u64),
            DType::Int64 => as_bytes!(i64),
            DType::Float32 => as_bytes!(f32),
            DType::Float64 => as_bytes!(f64),
        }
    }
}

/// A number of a metadata file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Whole(i128),
    Real(f64),
}

impl Number {
    /// The number of a JSON value; the texts are those of infinities and of what is no number.
    pub(super) fn from_json(value: &Value) -> Option<Number> {
        Some(match value {
            Value::Null => Number::Whole(0),
            Value::Bool(value) => Number::Whole(i128::from(*value)),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(whole), _) => Number::Whole(i128::from(whole)),
                (None, Some(whole)) => Number::Whole(i128::from(whole)),
                (None, None) => Number::Real(number.as_f64()?),
            },
            Value::String(text) => Number::Real(match text.as_str() {
                "NaN" => f64::NAN,
                "Infinity" => f64::INFINITY,
                "-Infinity" => f64::NEG_INFINITY,
                _ => return None,
            }),
            _ => return None,
        })
    }
}

/// The names of the chunk files.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::format::zarr) struct Keys {
    /// What stands before the numbers, with its separator.
    pub(in crate::format::zarr) prefix: &'static str,
    pub(in crate::format::zarr) separator: char,
}

impl Keys {
    /// The name of the chunk at a place in the grid.
    pub(in crate::format::zarr) fn key(&self, cell: &[usize]) -> String {
        let mut key = self.prefix.to_owned();
        for (axis, index) in cell.iter().enumerate() {
            if axis > 0 {
                key.push(self.separator);
            }
            key.push_str(&index.to_string());
        }
        key
    }
}

/// The order of the bytes of a sample, and of the axes in a chunk.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::format::zarr) struct Order {
    /// The array's axes in the order in which chunks have them, slowest first.
    pub(in crate::format::zarr) axes: Vec<usize>,
    pub(in crate::format::zarr) is_big_endian: bool,
}

/// Chunks that share a file, with a directory of where they are in it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::format::zarr) struct Shards {
    /// The lengths of a shard.
    pub(in crate::format::zarr) shape: Vec<usize>,
    /// Whether the directory comes before the chunks.
    pub(in crate::format::zarr) index_first: bool,
    /// Whether a checksum follows the directory.
    pub(in crate::format::zarr) has_checksum: bool,
}

/// The description of an array.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::format::zarr) struct ArrayMetadata {
    pub(in crate::format::zarr) version: Version,
    pub(in crate::format::zarr) shape: Vec<usize>,
    pub(in crate::format::zarr) stored: Stored,
    /// The sample of chunks that are not stored, as it is read.
    pub(in crate::format::zarr) fill: Vec<u8>,
    /// The lengths of what is unpacked at once.
    pub(in crate::format::zarr) chunk: Vec<usize>,
    pub(in crate::format::zarr) shards: Option<Shards>,
    pub(in crate::format::zarr) keys: Keys,
    pub(in crate::format::zarr) order: Order,
    pub(in crate::format::zarr) codecs: Vec<Codec>,
    pub(in crate::format::zarr) names: Option<Vec<Option<String>>>,
}

impl ArrayMetadata {
    /// The array in a folder, if there is one.
    pub(in crate::format::zarr) fn read(
        at: &Location,
    ) -> Result<Option<ArrayMetadata>, ImageError> {
        let metadata = if let Some(json) = at.json(v3::FILE)? {
            if json["node_type"] == "group" {
                return Ok(None);
            }
            v3::parse(&json, at)?
        } else if let Some(json) = at.json(v2::FILE)? {
            v2::parse(&json, at)?
        } else {
            return Ok(None);
        };
        metadata.check(at)?;
        Ok(Some(metadata))
    }

    /// The file that holds it.
    pub(in crate::format::zarr) fn file(&self) -> &'static str {
        match self.version {
            Version::V2 => v2::FILE,
            Version::V3 => v3::FILE,
        }
    }

    /// The content of the file that holds it.
    pub(in crate::format::zarr) fn to_json(&self) -> Value {
        match self.version {
            Version::V2 => v2::write(self),
            Version::V3 => v3::write(self),
        }
    }

    /// What one file holds: a shard or a chunk.
    pub(in crate::format::zarr) fn file_shape(&self) -> &[usize] {
        self.shards
            .as_ref()
            .map_or(&self.chunk, |shards| &shards.shape)
    }

    /// The size of an unpacked chunk as it is stored.
    pub(in crate::format::zarr) fn chunk_bytes(&self) -> usize {
        self.chunk.iter().product::<usize>() * self.stored.bytes()
    }

    /// How chunks are packed, as users call it.
    pub(in crate::format::zarr) fn compression(&self) -> String {
        let names: Vec<_> = self.codecs.iter().map(Codec::name).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// Checks that the parts fit together and that nothing is impossibly large.
    fn check(&self, at: &Location) -> Result<(), ImageError> {
        let damaged = |problem: String| Err(at.malformed(self.file(), problem));
        let rank = self.shape.len();
        if rank == 0 || self.shape.contains(&0) {
            return damaged(format!(
                "describes an array without pixels, of shape {:?}",
                self.shape
            ));
        }
        let fits = |lengths: &[usize]| lengths.len() == rank && !lengths.contains(&0);
        if !fits(&self.chunk) || !fits(self.file_shape()) {
            return damaged(format!(
                "has chunks of {:?} for an array of {:?}",
                self.file_shape(),
                self.shape
            ));
        }
        let product = |lengths: &[usize]| {
            lengths.iter().fold(1u128, |product, &length| {
                product.saturating_mul(length as u128)
            })
        };
        if product(&self.chunk).saturating_mul(self.stored.bytes().max(4) as u128)
            > MOST_CHUNK_BYTES
        {
            let feature = format!("has chunks of {:?}, more than 1 GiB each", self.chunk);
            let remedy = "write the array again with smaller chunks, of a few MiB";
            return Err(at.unsupported(self.file(), feature, remedy));
        }
        let sides = || self.file_shape().iter().zip(&self.chunk);
        if sides().any(|(outer, inner)| outer % inner != 0) {
            return damaged(format!(
                "has shards of {:?} that are no multiple of their chunks of {:?}",
                self.file_shape(),
                self.chunk
            ));
        }
        let inside: Vec<usize> = sides().map(|(outer, inner)| outer / inner).collect();
        if product(&inside) > MOST_CHUNKS_IN_SHARD {
            let feature = format!("has shards of {inside:?} chunks");
            return Err(at.unsupported(self.file(), feature, "write it again with smaller shards"));
        }
        let mut axes = self.order.axes.clone();
        axes.sort_unstable();
        if !axes.iter().copied().eq(0..rank) {
            return damaged(format!(
                "has the impossible order of axes {:?}",
                self.order.axes
            ));
        }
        if self.names.as_ref().is_some_and(|names| names.len() != rank) {
            return damaged(format!("does not have one name for each of {rank} axes"));
        }
        Ok(())
    }
}

/// The lengths of a JSON list.
pub(super) fn lengths(value: &Value) -> Option<Vec<usize>> {
    let length = |value: &Value| usize::try_from(value.as_u64()?).ok();
    value.as_array()?.iter().map(length).collect()
}
