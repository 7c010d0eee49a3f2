//! Reading samples as they are stored.
//!
//! The decoder inverts pages where 0 means white and refuses pages with a palette. For microscopy
//! both are notes on display: ImageJ saves every 8-bit channel with its lookup table as a
//! palette. So the decoder is shown "0 is black" in the directories of such pages.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read, Seek, SeekFrom};

const PHOTOMETRIC: u16 = 262;
const WHITE_IS_ZERO: u8 = 0;
const BLACK_IS_ZERO: u8 = 1;
const PALETTE: u8 = 3;

/// A reader of a TIFF file whose pages hold plain values.
#[derive(Debug)]
pub(super) struct Stored<R> {
    inner: R,
    position: u64,
    /// The bytes that are shown instead of those in the file.
    replaced: BTreeMap<u64, u8>,
}

impl<R: Read + Seek> Stored<R> {
    /// Finds the pages; a directory that cannot be followed is left for the decoder to report.
    pub(super) fn new(mut inner: R) -> io::Result<Stored<R>> {
        let mut replaced = BTreeMap::new();
        match find(&mut inner, &mut replaced) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            _ => {}
        }
        inner.seek(SeekFrom::Start(0))?;
        Ok(Stored {
            inner,
            position: 0,
            replaced,
        })
    }
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let end = self.position + length as u64;
        for (&place, &byte) in self.replaced.range(self.position..end) {
            buffer[(place - self.position) as usize] = byte;
        }
        self.position = end;
        Ok(length)
    }
}

impl<R: Seek> Seek for Stored<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.inner.seek(to)?;
        Ok(self.position)
    }
}

/// The two layouts of directories.
struct Layout {
    is_big_endian: bool,
    is_big: bool,
}

impl Layout {
    fn number<R: Read>(&self, reader: &mut R, bytes: usize) -> io::Result<u64> {
        let mut buffer = [0; 8];
        reader.read_exact(&mut buffer[..bytes])?;
        if self.is_big_endian {
            buffer[..bytes].reverse();
        }
        Ok(u64::from_le_bytes(buffer))
    }
}

/// Walks the chain of directories and notes where a photometric interpretation is to be replaced.
fn find<R: Read + Seek>(reader: &mut R, replaced: &mut BTreeMap<u64, u8>) -> io::Result<()> {
    let mut order = [0; 2];
    reader.read_exact(&mut order)?;
    let mut layout = Layout {
        is_big_endian: order == *b"MM",
        is_big: false,
    };
    layout.is_big = layout.number(reader, 2)? == 43;
    if layout.is_big {
        layout.number(reader, 4)?;
    }
    let (offset_bytes, count_bytes) = if layout.is_big { (8, 8) } else { (4, 2) };
    let entry_bytes = 4 + 2 * offset_bytes as u64;
    let mut seen = HashSet::new();
    let mut directory = layout.number(reader, offset_bytes)?;
    while directory != 0 && seen.insert(directory) {
        reader.seek(SeekFrom::Start(directory))?;
        let count = layout.number(reader, count_bytes)?;
        let start = directory.saturating_add(count_bytes as u64);
        // No directory has more entries than there are tags.
        let Some(end) = start.checked_add(count.min(1 << 16) * entry_bytes) else {
            return Ok(());
        };
        let mut entry = start;
        while entry < end {
            let tag = layout.number(reader, 2)? as u16;
            let kind = layout.number(reader, 2)?;
            layout.number(reader, offset_bytes)?;
            let mut value = [0; 8];
            reader.read_exact(&mut value[..offset_bytes])?;
            // A 16-bit value stands at the left of its field in either byte order.
            let place = usize::from(layout.is_big_endian);
            let is_display = matches!(value[place], WHITE_IS_ZERO | PALETTE);
            if tag == PHOTOMETRIC && kind == 3 && is_display && value[1 - place] == 0 {
                let field = entry + 4 + offset_bytes as u64;
                replaced.insert(field + place as u64, BLACK_IS_ZERO);
            }
            entry += entry_bytes;
        }
        directory = layout.number(reader, offset_bytes)?;
    }
    Ok(())
}
