//! Which chunks are complete, so that an interrupted writing can go on.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::ImageError;

const RECORD_BYTES: usize = 28;

/// A finished chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record {
    /// Its number in row-major order.
    pub(super) chunk: u64,
    /// Its offset and length in its file; `None` if all its samples are zero, which is not stored.
    pub(super) place: Option<(u64, u64)>,
}

/// A file with a record of fixed length for each finished chunk.
pub(super) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
    /// What it held when it was opened.
    pub(super) records: Vec<Record>,
}

impl Journal {
    /// Opens the journal in a folder; `path` is the image that errors are about.
    pub(super) fn open(folder: &Path, path: &Path) -> Result<Journal, ImageError> {
        let refused = |error| ImageError::io(path, "write", error);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(folder.join("journal"))
            .map_err(refused)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(refused)?;
        let records: Vec<Record> = bytes
            .as_chunks()
            .0
            .iter()
            .map_while(Record::decode)
            .collect();
        // A record that was cut off would shift all that follow.
        file.set_len((records.len() * RECORD_BYTES) as u64)
            .map_err(refused)?;
        Ok(Journal {
            path: path.to_owned(),
            file: Mutex::new(file),
            records,
        })
    }

    /// Notes a finished chunk.
    pub(super) fn note(&self, record: Record) -> Result<(), ImageError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.write_all(&record.encode());
        written.map_err(|error| ImageError::io(&self.path, "write", error))
    }
}

impl Record {
    fn encode(self) -> Vec<u8> {
        let (offset, length) = self.place.unwrap_or((u64::MAX, u64::MAX));
        let mut bytes: Vec<u8> = [self.chunk, offset, length]
            .into_iter()
            .flat_map(u64::to_le_bytes)
            .collect();
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; RECORD_BYTES]) -> Option<Record> {
        let (content, sum) = bytes.split_last_chunk()?;
        let numbers = content.as_chunks().0;
        let [chunk, offset, length] = [0, 1, 2].map(|at| u64::from_le_bytes(numbers[at]));
        (u32::from_le_bytes(*sum) == crc32c::crc32c(content)).then_some(Record {
            chunk,
            place: (length != u64::MAX).then_some((offset, length)),
        })
    }
}
