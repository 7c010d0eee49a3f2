//! Array metadata of Zarr version 3: `zarr.json`.

use serde_json::{Value, json};

use super::compressor::compressor;
use super::metadata::{Number, lengths};
use super::{ArrayMetadata, Keys, Order, Shards, Stored, Version};
use crate::error::ImageError;
use crate::format::zarr::codec::{Codec, Shuffle};
use crate::format::zarr::store::Location;

pub(super) const FILE: &str = "zarr.json";

pub(super) fn parse(json: &Value, at: &Location) -> Result<ArrayMetadata, ImageError> {
    let damaged = |what: &str| at.malformed(FILE, format!("has no valid {what}"));
    if json["zarr_format"] != 3 || json["node_type"] != "array" {
        return Err(damaged("`zarr_format` and `node_type`"));
    }
    let shape = lengths(&json["shape"]).ok_or_else(|| damaged("`shape`"))?;
    let stored = json["data_type"]
        .as_str()
        .and_then(Stored::from_name)
        .ok_or_else(|| {
            at.unsupported(
                FILE,
                format!("has samples of type {}", json["data_type"]),
                "convert the array to integers or floating-point numbers",
            )
        })?;
    let fill = fill(&json["fill_value"], stored).ok_or_else(|| damaged("`fill_value`"))?;
    if json["chunk_grid"]["name"] != "regular" {
        let feature = format!(
            "has a chunk grid of the kind {}",
            json["chunk_grid"]["name"]
        );
        return Err(at.unsupported(FILE, feature, "write the array again with equal chunks"));
    }
    let grid = lengths(&json["chunk_grid"]["configuration"]["chunk_shape"])
        .ok_or_else(|| damaged("`chunk_shape`"))?;
    let mut pipeline = Pipeline::parse(&json["codecs"], stored.bytes(), shape.len(), at)?;
    let (chunk, shards) = match pipeline.shards.take() {
        Some((chunk, shards)) => (
            chunk,
            Some(Shards {
                shape: grid,
                ..shards
            }),
        ),
        None => (grid, None),
    };
    Ok(ArrayMetadata {
        version: Version::V3,
        stored,
        fill,
        chunk,
        shards,
        keys: keys(&json["chunk_key_encoding"]).ok_or_else(|| damaged("`chunk_key_encoding`"))?,
        order: pipeline.order,
        codecs: pipeline.codecs,
        names: names(&json["dimension_names"]),
        shape,
    })
}

/// The fill sample: a number, or the bytes of a floating-point number as `0x`.
fn fill(value: &Value, stored: Stored) -> Option<Vec<u8>> {
    if let Some(digits) = value.as_str().and_then(|text| text.strip_prefix("0x")) {
        let bits = u64::from_str_radix(digits, 16).ok()?;
        let real = match stored.bytes() {
            2 => half::f16::from_bits(u16::try_from(bits).ok()?).to_f64(),
            4 => f64::from(f32::from_bits(u32::try_from(bits).ok()?)),
            _ => f64::from_bits(bits),
        };
        return Some(stored.sample(Number::Real(real)));
    }
    Some(stored.sample(Number::from_json(value)?))
}

fn keys(value: &Value) -> Option<Keys> {
    let separator = value["configuration"]["separator"].as_str();
    match value["name"].as_str().or(value.as_str())? {
        "default" => Some(match separator {
            Some(".") => Keys {
                prefix: "c.",
                separator: '.',
            },
            _ => Keys {
                prefix: "c/",
                separator: '/',
            },
        }),
        "v2" => Some(Keys {
            prefix: "",
            separator: if separator == Some("/") { '/' } else { '.' },
        }),
        _ => None,
    }
}

fn names(value: &Value) -> Option<Vec<Option<String>>> {
    let names = value.as_array()?.iter();
    Some(names.map(|name| name.as_str().map(str::to_owned)).collect())
}

/// The steps from samples to the bytes of a file.
struct Pipeline {
    order: Order,
    codecs: Vec<Codec>,
    /// The lengths of the chunks of a shard, and the shards but for their shape.
    shards: Option<(Vec<usize>, Shards)>,
}

impl Pipeline {
    fn parse(
        json: &Value,
        size: usize,
        rank: usize,
        at: &Location,
    ) -> Result<Pipeline, ImageError> {
        let list = json
            .as_array()
            .ok_or_else(|| at.malformed(FILE, "has no valid `codecs`"))?;
        let mut pipeline = Pipeline {
            order: Order {
                axes: (0..rank).collect(),
                is_big_endian: false,
            },
            codecs: Vec::new(),
            shards: None,
        };
        for step in list {
            let name = step["name"].as_str().or(step.as_str()).unwrap_or_default();
            let settings = &step["configuration"];
            match name {
                "bytes" => pipeline.order.is_big_endian = settings["endian"] == "big",
                "transpose" => pipeline.transpose(settings, at)?,
                "sharding_indexed" if list.len() == 1 => {
                    return Pipeline::shards(settings, size, rank, at);
                }
                _ => pipeline.codecs.push(codec(name, settings, size, step, at)?),
            }
        }
        Ok(pipeline)
    }

    fn transpose(&mut self, settings: &Value, at: &Location) -> Result<(), ImageError> {
        let order = lengths(&settings["order"]);
        let composed = order.and_then(|order| {
            let axes = order.iter().map(|&axis| self.order.axes.get(axis).copied());
            axes.collect::<Option<Vec<_>>>()
        });
        self.order.axes = composed
            .ok_or_else(|| at.malformed(FILE, "has no valid `order` of a transposition"))?;
        Ok(())
    }

    fn shards(
        settings: &Value,
        size: usize,
        rank: usize,
        at: &Location,
    ) -> Result<Pipeline, ImageError> {
        let inner = Pipeline::parse(&settings["codecs"], size, rank, at)?;
        let index = Pipeline::parse(&settings["index_codecs"], 8, rank, at)?;
        let is_plain = index.shards.is_none() && !index.order.is_big_endian;
        if inner.shards.is_some() || !is_plain || !matches!(index.codecs[..], [] | [Codec::Crc32c])
        {
            let feature = "has shards in shards, or packed shard directories";
            let remedy = "write the array again with plain shards";
            return Err(at.unsupported(FILE, feature, remedy));
        }
        let chunk = lengths(&settings["chunk_shape"])
            .ok_or_else(|| at.malformed(FILE, "has no valid `chunk_shape` of its shards"))?;
        let shards = Shards {
            shape: Vec::new(),
            index_first: settings["index_location"] == "start",
            has_checksum: !index.codecs.is_empty(),
        };
        Ok(Pipeline {
            shards: Some((chunk, shards)),
            ..inner
        })
    }
}

fn codec(
    name: &str,
    settings: &Value,
    size: usize,
    step: &Value,
    at: &Location,
) -> Result<Codec, ImageError> {
    let shuffle = match settings["shuffle"].as_str() {
        Some("noshuffle") => Shuffle::None,
        Some("bitshuffle") => Shuffle::Bits,
        _ => Shuffle::Bytes,
    };
    let name = name.strip_prefix("numcodecs.").unwrap_or(name);
    compressor(name, settings, (shuffle, size)).map_err(|fault| fault.at(at, FILE, step))
}

pub(super) fn write(array: &ArrayMetadata) -> Value {
    let mut codecs = vec![json!({"name": "bytes", "configuration": {"endian": "little"}})];
    codecs.extend(array.codecs.iter().map(configuration));
    if array.shards.is_some() {
        codecs = vec![json!({
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": array.chunk,
                "codecs": codecs,
                "index_codecs": [
                    {"name": "bytes", "configuration": {"endian": "little"}},
                    {"name": "crc32c"},
                ],
                "index_location": "end",
            },
        })];
    }
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": array.shape,
        "data_type": array.stored.dtype().name(),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": array.file_shape()}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": if array.stored.dtype().is_float() { json!(0.0) } else { json!(0) },
        "codecs": codecs,
        "attributes": {},
        "dimension_names": array.names,
    })
}

fn configuration(codec: &Codec) -> Value {
    let named = |name: &str, settings: Value| json!({"name": name, "configuration": settings});
    match codec {
        Codec::Blosc(blosc) => {
            let settings = json!({
                "typesize": blosc.size,
                "cname": blosc.compressor.name(),
                "clevel": blosc.level,
                "shuffle": match blosc.shuffle {
                    Shuffle::None => "noshuffle",
                    Shuffle::Bytes => "shuffle",
                    Shuffle::Bits => "bitshuffle",
                },
                "blocksize": 0,
            });
            named("blosc", settings)
        }
        Codec::Zstd { level } => named("zstd", json!({"level": level, "checksum": false})),
        Codec::Gzip { level } => named("gzip", json!({"level": level})),
        Codec::Zlib { level } => named("numcodecs.zlib", json!({"level": level})),
        Codec::Bz2 { level } => named("numcodecs.bz2", json!({"level": level})),
        Codec::Lz4 => named("numcodecs.lz4", json!({"acceleration": 1})),
        Codec::Crc32c => json!({"name": "crc32c"}),
    }
}
