//! One Zarr array: its metadata and its chunks.

mod cells;
mod chunk;
mod compressor;
mod metadata;
mod read;
mod shard;
mod v2;
mod v3;

pub(super) use cells::{cells_of, for_each_cell, overlap};
pub(super) use metadata::{ArrayMetadata, Keys, Order, Shards, Stored, Version};
pub(super) use read::ZarrArray;
pub(super) use shard::ShardIndex;
