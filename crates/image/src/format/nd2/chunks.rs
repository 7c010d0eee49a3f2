//! The named chunks of an ND2 file.

use std::collections::HashMap;

use crate::error::ImageError;
use crate::format::raw::{FileBytes, Number};

/// What every chunk begins with.
pub(super) const MAGIC: u32 = 0x0abe_ceda;
/// The mark, the length of the name and the length of the data.
const HEAD_BYTES: u64 = 16;
/// What the file and the map end with.
const MAP_MARK: &[u8; 32] = b"ND2 CHUNK MAP SIGNATURE 0000001!";

/// Where in the file the chunk of a name begins.
pub(super) type Map = HashMap<String, u64>;

/// Reads the map at the end of the file.
pub(super) fn map(file: &FileBytes) -> Result<Map, ImageError> {
    let tail_bytes = MAP_MARK.len() as u64 + 8;
    let truncated = || ImageError::Truncated {
        path: file.path().to_owned(),
        problem: format!(
            "the list of its parts at its end is missing after {} bytes",
            file.length()
        ),
    };
    let start = file
        .length()
        .checked_sub(tail_bytes)
        .ok_or_else(truncated)?;
    let tail = file.read(start, tail_bytes)?;
    let (Some(mark), Some(place)) = (tail.first_chunk(), u64::at(&tail, MAP_MARK.len())) else {
        return Err(truncated());
    };
    if mark != MAP_MARK {
        return Err(truncated());
    }
    let bytes = Chunk::find(file, place)?.read(file)?;
    let (mut map, mut rest) = (Map::new(), &bytes[..]);
    while let Some(end) = rest.iter().position(|&byte| byte == b'!') {
        let (name, after) = rest.split_at(end + 1);
        let Some(place) = u64::at(after, 0) else {
            break;
        };
        if name == MAP_MARK {
            break;
        }
        map.insert(String::from_utf8_lossy(name).into_owned(), place);
        rest = after.get(16..).unwrap_or_default();
    }
    Ok(map)
}

/// The data of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) length: u64,
}

impl Chunk {
    /// Reads the head of the chunk at a place.
    pub(super) fn find(file: &FileBytes, place: u64) -> Result<Chunk, ImageError> {
        let head = file.read(place, HEAD_BYTES)?;
        let (Some(MAGIC), Some(name), Some(length)) =
            (u32::at(&head, 0), u32::at(&head, 4), u64::at(&head, 8))
        else {
            return Err(file.malformed(format!("there is no chunk at byte {place}")));
        };
        // The head was read, so that this cannot overflow.
        let start = place + HEAD_BYTES + u64::from(name);
        Ok(Chunk { start, length })
    }

    /// Reads all of it.
    pub(super) fn read(self, file: &FileBytes) -> Result<Vec<u8>, ImageError> {
        file.read(self.start, self.length)
    }
}
