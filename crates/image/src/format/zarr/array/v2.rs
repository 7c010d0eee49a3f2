//! Array metadata of Zarr version 2: `.zarray`.

use serde_json::{Value, json};

use super::compressor::compressor;
use super::metadata::{Number, lengths};
use super::{ArrayMetadata, Keys, Order, Stored, Version};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::zarr::codec::{Codec, Shuffle};
use crate::format::zarr::store::Location;

pub(super) const FILE: &str = ".zarray";

pub(super) fn parse(json: &Value, at: &Location) -> Result<ArrayMetadata, ImageError> {
    let damaged = |what: &str| at.malformed(FILE, format!("has no valid {what}"));
    if json["zarr_format"] != 2 {
        return Err(damaged("`zarr_format`"));
    }
    let shape = lengths(&json["shape"]).ok_or_else(|| damaged("`shape`"))?;
    let text = json["dtype"].as_str().unwrap_or_default();
    let (stored, is_big_endian) = sample_type(text).ok_or_else(|| {
        at.unsupported(
            FILE,
            format!("has samples of type {}", json["dtype"]),
            "convert the array to integers or floating-point numbers",
        )
    })?;
    let fill = Number::from_json(&json["fill_value"]).ok_or_else(|| damaged("`fill_value`"))?;
    let mut axes: Vec<usize> = (0..shape.len()).collect();
    if json["order"] == "F" {
        axes.reverse();
    }
    if json["filters"]
        .as_array()
        .is_some_and(|filters| !filters.is_empty())
    {
        let feature = format!("uses the filters {}", json["filters"]);
        return Err(at.unsupported(FILE, feature, "write the array again without filters"));
    }
    let codecs = match &json["compressor"] {
        Value::Null => Vec::new(),
        compressor => vec![codec(compressor, stored.bytes(), at)?],
    };
    Ok(ArrayMetadata {
        version: Version::V2,
        fill: stored.sample(fill),
        stored,
        chunk: lengths(&json["chunks"]).ok_or_else(|| damaged("`chunks`"))?,
        shards: None,
        keys: Keys {
            prefix: "",
            separator: if json["dimension_separator"] == "/" {
                '/'
            } else {
                '.'
            },
        },
        order: Order {
            axes,
            is_big_endian,
        },
        codecs,
        names: None,
        shape,
    })
}

/// The type of a NumPy type name, and whether its samples are big-endian.
fn sample_type(text: &str) -> Option<(Stored, bool)> {
    let (order, kind) = text.split_at_checked(1)?;
    let stored = Stored::from_name(match kind {
        "b1" => "bool",
        "u1" => "uint8",
        "i1" => "int8",
        "u2" => "uint16",
        "i2" => "int16",
        "u4" => "uint32",
        "i4" => "int32",
        "u8" => "uint64",
        "i8" => "int64",
        "f2" => "float16",
        "f4" => "float32",
        "f8" => "float64",
        _ => return None,
    })?;
    matches!(order, "<" | ">" | "|" | "=").then_some((stored, order == ">"))
}

fn type_name(dtype: DType) -> &'static str {
    match dtype {
        DType::UInt8 => "|u1",
        DType::Int8 => "|i1",
        DType::UInt16 => "<u2",
        DType::Int16 => "<i2",
        DType::UInt32 => "<u4",
        DType::Int32 => "<i4",
        DType::UInt64 => "<u8",
        DType::Int64 => "<i8",
        DType::Float32 => "<f4",
        DType::Float64 => "<f8",
    }
}

/// The codec of a configuration of the library numcodecs.
fn codec(json: &Value, size: usize, at: &Location) -> Result<Codec, ImageError> {
    let shuffle = match json["shuffle"].as_i64() {
        Some(0) => Shuffle::None,
        Some(2) => Shuffle::Bits,
        _ => Shuffle::Bytes,
    };
    let name = json["id"].as_str().unwrap_or_default();
    compressor(name, json, (shuffle, size)).map_err(|fault| fault.at(at, FILE, json))
}

pub(super) fn write(array: &ArrayMetadata) -> Value {
    json!({
        "zarr_format": 2,
        "shape": array.shape,
        "chunks": array.chunk,
        "dtype": type_name(array.stored.dtype()),
        "compressor": array.codecs.first().map(configuration),
        "fill_value": 0,
        "order": "C",
        "filters": null,
        "dimension_separator": array.keys.separator,
    })
}

fn configuration(codec: &Codec) -> Value {
    match codec {
        Codec::Blosc(blosc) => json!({
            "id": "blosc",
            "cname": blosc.compressor.name(),
            "clevel": blosc.level,
            "shuffle": match blosc.shuffle {
                Shuffle::None => 0,
                Shuffle::Bytes => 1,
                Shuffle::Bits => 2,
            },
            "blocksize": 0,
        }),
        Codec::Zstd { level } => json!({"id": "zstd", "level": level}),
        Codec::Gzip { level } => json!({"id": "gzip", "level": level}),
        Codec::Zlib { level } => json!({"id": "zlib", "level": level}),
        Codec::Bz2 { level } => json!({"id": "bz2", "level": level}),
        Codec::Lz4 => json!({"id": "lz4", "acceleration": 1}),
        Codec::Crc32c => json!({"id": "crc32c"}),
    }
}
