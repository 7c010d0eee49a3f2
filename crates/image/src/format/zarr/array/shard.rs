//! The directory of a shard: where in the file its chunks are.
//!
//! Sharding codec of Zarr version 3 (ZEP 2): an offset and a length of 8 bytes for each chunk in row-
//! major order, all bits set for a chunk that is not stored.

use super::ArrayMetadata;

const ABSENT: u64 = u64::MAX;

/// Where the chunks of a shard are.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::format::zarr) struct ShardIndex {
    /// The offset and length of each chunk.
    places: Vec<(u64, u64)>,
}

impl ShardIndex {
    /// A shard of so many chunks, none of them stored.
    pub(in crate::format::zarr) fn empty(chunks: usize) -> ShardIndex {
        ShardIndex {
            places: vec![(ABSENT, ABSENT); chunks],
        }
    }

    /// Where a chunk is; `None` if it is not stored.
    pub(in crate::format::zarr) fn place(&self, chunk: usize) -> Option<(u64, u64)> {
        self.places
            .get(chunk)
            .copied()
            .filter(|place| *place != (ABSENT, ABSENT))
    }

    /// Sets where a chunk is.
    pub(in crate::format::zarr) fn set(&mut self, chunk: usize, place: Option<(u64, u64)>) {
        if let Some(entry) = self.places.get_mut(chunk) {
            *entry = place.unwrap_or((ABSENT, ABSENT));
        }
    }

    /// Whether no chunk is stored.
    pub(in crate::format::zarr) fn is_empty(&self) -> bool {
        self.places.iter().all(|place| *place == (ABSENT, ABSENT))
    }

    /// The bytes of the directory with their checksum.
    pub(in crate::format::zarr) fn encode(&self) -> Vec<u8> {
        let numbers = self
            .places
            .iter()
            .flat_map(|&(offset, length)| [offset, length]);
        let mut bytes: Vec<u8> = numbers.flat_map(u64::to_le_bytes).collect();
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the directory of so many chunks.
    pub(in crate::format::zarr) fn decode(
        mut bytes: &[u8],
        chunks: usize,
        has_checksum: bool,
    ) -> Result<ShardIndex, String> {
        if bytes.len() != chunks * 16 + if has_checksum { 4 } else { 0 } {
            return Err(format!("is too short for the directory of {chunks} chunks"));
        }
        if has_checksum {
            let (content, sum) = bytes.split_last_chunk().ok_or("has no checksum")?;
            if u32::from_le_bytes(*sum) != crc32c::crc32c(content) {
                return Err("has a directory with a wrong checksum".to_owned());
            }
            bytes = content;
        }
        let (numbers, _) = bytes.as_chunks::<8>();
        let places = numbers.as_chunks::<2>().0.iter();
        Ok(ShardIndex {
            places: places
                .map(|pair| pair.map(u64::from_le_bytes).into())
                .collect(),
        })
    }
}

impl ArrayMetadata {
    /// How many chunks a shard has along each axis; 1 without shards.
    pub(in crate::format::zarr) fn chunks_per_file(&self) -> Vec<usize> {
        let sides = self.file_shape().iter().zip(&self.chunk);
        sides.map(|(outer, inner)| outer / inner).collect()
    }

    /// The file that a chunk is in and its number there, in row-major order.
    pub(in crate::format::zarr) fn file_of(&self, chunk: &[usize]) -> (Vec<usize>, usize) {
        let counts = self.chunks_per_file();
        let file = chunk
            .iter()
            .zip(&counts)
            .map(|(index, count)| index / count)
            .collect();
        let number = chunk
            .iter()
            .zip(&counts)
            .fold(0, |number, (index, count)| number * count + index % count);
        (file, number)
    }
}
