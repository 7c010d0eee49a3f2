//! Directories: the lists of fields that describe pages, and the chain that they form.
//!
//! Entries are kept as they are in the file; values are read when asked for.

use std::collections::HashSet;

use super::file::TiffFile;
use crate::error::ImageError;

/// The field of the number of samples has 16 bits.
const MOST_SAMPLES: u64 = 1 << 16;

/// One field of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) tag: u16,
    kind: u16,
    pub(super) count: u64,
    /// The value if it fits, else where it is.
    field: [u8; 8],
}

/// The fields of one page.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// What error messages call it, such as `page 3`.
    pub(super) name: String,
    entries: Vec<Entry>,
}

impl Directory {
    pub(super) fn entry(&self, tag: u16) -> Option<Entry> {
        self.entries.iter().find(|entry| entry.tag == tag).copied()
    }

    /// The first value of an unsigned field.
    pub(super) fn number(&self, file: &TiffFile, tag: u16) -> Result<Option<u64>, ImageError> {
        let Some(entry) = self.entry(tag) else {
            return Ok(None);
        };
        let first = file.number_at(&entry, 0, &self.name)?;
        Ok(Some(first))
    }

    /// All values of an unsigned field with a value for each sample; none if it is missing.
    pub(super) fn numbers(&self, file: &TiffFile, tag: u16) -> Result<Vec<u64>, ImageError> {
        match self.entry(tag) {
            Some(entry) if entry.count > MOST_SAMPLES => Err(file.malformed(format!(
                "{} has {} values in field {tag}, more than a pixel can have samples",
                self.name, entry.count
            ))),
            Some(entry) => file.numbers(&entry, &self.name),
            None => Ok(Vec::new()),
        }
    }
}

impl Entry {
    /// The size of one value in bytes; 0 for unknown types.
    fn value_bytes(&self) -> u64 {
        match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => 0,
        }
    }
}

impl TiffFile {
    /// The bytes of a field's value, from value `first` on.
    fn value(
        &self,
        entry: &Entry,
        first: u64,
        count: u64,
        name: &str,
    ) -> Result<Vec<u8>, ImageError> {
        let size = entry.value_bytes();
        let total = entry.count.saturating_mul(size);
        let (skip, wanted) = (first.saturating_mul(size), count.saturating_mul(size));
        if total <= self.layout.offset_bytes() as u64 {
            return Ok(entry.field[skip as usize..(skip + wanted) as usize].to_vec());
        }
        let offset = self.offset_of(entry);
        if !self.holds(offset, total) {
            return Err(self.beyond(entry, offset, total, name));
        }
        let mut bytes = vec![0; wanted as usize];
        self.read_at(offset + skip, &mut bytes)?;
        Ok(bytes)
    }

    /// Where a value is that does not fit into its field.
    pub(super) fn offset_of(&self, entry: &Entry) -> u64 {
        self.layout
            .number(&entry.field[..self.layout.offset_bytes()])
    }

    /// The error of a value that the file does not hold.
    fn beyond(&self, entry: &Entry, offset: u64, total: u64, name: &str) -> ImageError {
        if total > self.bytes() {
            self.malformed(format!(
                "{name} says to have {} values in field {}, more than its {} bytes can hold",
                entry.count,
                entry.tag,
                self.bytes()
            ))
        } else {
            self.truncated(format!(
                "{name} needs the bytes {offset}..{}, the file has {}",
                offset.saturating_add(total),
                self.bytes()
            ))
        }
    }

    /// One value of an unsigned field.
    pub(super) fn number_at(
        &self,
        entry: &Entry,
        index: u64,
        name: &str,
    ) -> Result<u64, ImageError> {
        self.check_unsigned(entry, index, name)?;
        let bytes = self.value(entry, index, 1, name)?;
        Ok(self.layout.number(&bytes))
    }

    /// All values of an unsigned field.
    pub(super) fn numbers(&self, entry: &Entry, name: &str) -> Result<Vec<u64>, ImageError> {
        self.check_unsigned(entry, 0, name)?;
        let bytes = self.value(entry, 0, entry.count, name)?;
        let values = bytes.chunks_exact(entry.value_bytes() as usize);
        Ok(values.map(|bytes| self.layout.number(bytes)).collect())
    }

    fn check_unsigned(&self, entry: &Entry, index: u64, name: &str) -> Result<(), ImageError> {
        // Signed types are taken too: values that are written so are positive.
        let is_whole = !matches!(entry.kind, 2 | 5 | 10 | 11 | 12) && entry.value_bytes() > 0;
        if is_whole && index < entry.count {
            return Ok(());
        }
        Err(self.malformed(format!(
            "{name} has {} values of type {} in field {}",
            entry.count, entry.kind, entry.tag
        )))
    }

    /// The bytes of a field of any type, if they are not more than `most`.
    pub(super) fn value_bytes(
        &self,
        entry: &Entry,
        most: u64,
        name: &str,
    ) -> Result<Option<Vec<u8>>, ImageError> {
        match entry.count.checked_mul(entry.value_bytes()) {
            Some(total) if total > 0 && total <= most => {
                self.value(entry, 0, entry.count, name).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// A text; anything that is not UTF-8 is taken as Latin-1.
    pub(super) fn text(&self, entry: &Entry, name: &str) -> Result<String, ImageError> {
        if !matches!(entry.kind, 1 | 2 | 7) {
            return Ok(String::new());
        }
        let mut bytes = self.value(entry, 0, entry.count, name)?;
        let end = bytes.iter().position(|&byte| byte == 0);
        bytes.truncate(end.unwrap_or(bytes.len()));
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| error.as_bytes().iter().map(|&b| char::from(b)).collect()))
    }

    /// The first value of a field of fractions, if it is above zero.
    ///
    /// Some programs write nonsense here; no value is better than no image.
    pub(super) fn fraction(&self, entry: &Entry, name: &str) -> Option<f64> {
        if entry.kind != 5 || entry.count == 0 {
            return None;
        }
        let bytes = self.value(entry, 0, 1, name).ok()?;
        let n = self.layout.number(&bytes[..4]);
        let d = self.layout.number(&bytes[4..]);
        (n > 0 && d > 0).then(|| n as f64 / d as f64)
    }
}

/// Reads directories through a window of the file.
pub(super) struct Scan<'a> {
    file: &'a TiffFile,
    start: u64,
    window: Vec<u8>,
    seen: HashSet<u64>,
    /// Entries may be read no more often than the file has room for them.
    entries_left: u64,
}

/// The first window; it grows while directories lie close to each other.
const WINDOW_BYTES: u64 = 4 << 10;
const LARGEST_WINDOW_BYTES: u64 = 1 << 20;

impl<'a> Scan<'a> {
    pub(super) fn new(file: &'a TiffFile) -> Scan<'a> {
        Scan {
            file,
            start: 0,
            window: Vec::new(),
            seen: HashSet::new(),
            entries_left: file.bytes() / file.layout.entry_bytes() as u64 + 64,
        }
    }

    /// The directory at an offset and where the next one is; 0 if there is none.
    pub(super) fn directory(
        &mut self,
        offset: u64,
        name: String,
    ) -> Result<(Directory, u64), ImageError> {
        if !self.seen.insert(offset) {
            return Err(self
                .file
                .malformed(format!("its list of pages runs in a circle before {name}")));
        }
        let layout = self.file.layout;
        let count_bytes = layout.count_bytes() as u64;
        let count = layout.number(self.bytes(offset, count_bytes, &name)?);
        if count > self.entries_left {
            return Err(self.file.malformed(format!(
                "{name} says to have {count} fields, more than its {} bytes can hold",
                self.file.bytes()
            )));
        }
        self.entries_left -= count;
        let size = layout.entry_bytes();
        let table = self.bytes(offset + count_bytes, count * size as u64, &name)?;
        let entries = table.chunks_exact(size).map(|bytes| {
            let field_start = 4 + layout.offset_bytes();
            let mut field = [0; 8];
            field[..layout.offset_bytes()].copy_from_slice(&bytes[field_start..]);
            Entry {
                tag: layout.number(&bytes[..2]) as u16,
                kind: layout.number(&bytes[2..4]) as u16,
                count: layout.number(&bytes[4..field_start]),
                field,
            }
        });
        let entries = entries.collect();
        let end = offset + count_bytes + count * size as u64;
        let next = layout.number(self.bytes(end, layout.offset_bytes() as u64, &name)?);
        Ok((Directory { name, entries }, next))
    }

    fn bytes(&mut self, offset: u64, length: u64, name: &str) -> Result<&[u8], ImageError> {
        if !self.file.holds(offset, length) {
            return Err(self.file.truncated(format!(
                "the directory of {name} continues beyond its {} bytes",
                self.file.bytes()
            )));
        }
        let window_end = self.start + self.window.len() as u64;
        if offset < self.start || offset + length > window_end {
            let size = self.window.len() as u64;
            let is_close = offset >= self.start && offset <= window_end;
            let size = if is_close { size * 2 } else { WINDOW_BYTES };
            let size = size.clamp(WINDOW_BYTES, LARGEST_WINDOW_BYTES).max(length);
            self.window
                .resize(size.min(self.file.bytes() - offset) as usize, 0);
            self.start = offset;
            self.file.read_at(offset, &mut self.window)?;
        }
        let first = (offset - self.start) as usize;
        Ok(&self.window[first..first + length as usize])
    }
}
