//! Where the strips or tiles of a page lie in the file.

use super::codec::Codec;
use super::directory::Entry;
use super::file::TiffFile;
use super::page::Page;
use crate::error::ImageError;

/// Strips and tiles above so many bytes must not be packed better than Deflate can: a small file
/// cannot make several threads hold more.
const LARGE_BYTES: u128 = 64 << 20;
const USUAL_RATIO: u128 = 1100;

/// The places and lengths of all strips or tiles.
#[derive(Debug)]
pub(super) struct Extents {
    offsets: Vec<u64>,
    lengths: Vec<u64>,
    /// Whether the strips of each plane lie one after the other as they are.
    pub(super) is_contiguous: bool,
}

impl Extents {
    pub(super) fn read(
        file: &TiffFile,
        page: &Page,
        offsets: &Entry,
        counts: Option<&Entry>,
    ) -> Result<Extents, ImageError> {
        let offsets = file.numbers(offsets, &page.name)?;
        let lengths = match counts {
            Some(counts) => file.numbers(counts, &page.name)?,
            None => without_counts(file, page, &offsets),
        };
        let mut extents = Extents {
            offsets,
            lengths,
            is_contiguous: false,
        };
        extents.is_contiguous =
            page.codec == Codec::None && !page.is_tiled && extents.follow_each_other(page);
        Ok(extents)
    }

    /// The memory that they take.
    pub(super) fn bytes(&self) -> u64 {
        ((self.offsets.len() + self.lengths.len()) * size_of::<u64>()) as u64
    }

    fn follow_each_other(&self, page: &Page) -> bool {
        let [down, _] = page.chunks();
        let is_full = |chunk: usize| {
            self.lengths.get(chunk).is_some_and(|&length| {
                u128::from(length) >= page.chunk_bytes(page.rows_of(chunk % down))
            })
        };
        let count = self.offsets.len();
        count > 0
            && count.is_multiple_of(down)
            && (0..count).all(|chunk| {
                let is_next = chunk % down == 0
                    || u128::from(self.offsets[chunk])
                        == u128::from(self.offsets[chunk - 1]) + page.chunk_bytes(page.chunk[0]);
                is_full(chunk) && is_next
            })
    }

    /// The place of a chunk, which may be shifted, after checking that it lies inside the file and
    /// can hold `rows` rows of pixels. `None` for one that was left out of the file.
    pub(super) fn place(
        &self,
        file: &TiffFile,
        page: &Page,
        chunk: usize,
        rows: usize,
        shift: u64,
    ) -> Result<Option<(u64, u64)>, ImageError> {
        let (name, kind) = (&page.name, page.chunk_kind());
        let (Some(&offset), Some(&length)) = (self.offsets.get(chunk), self.lengths.get(chunk))
        else {
            return Err(file.malformed(format!("{name} has no {kind} {chunk}")));
        };
        if offset == 0 && length == 0 {
            return Ok(None);
        }
        let needed = page.chunk_bytes(rows);
        // A shifted or contiguous chunk is longer than its own entry says.
        let length = if shift > 0 || (self.is_contiguous && u128::from(length) < needed) {
            u64::try_from(needed).unwrap_or(u64::MAX)
        } else {
            length
        };
        let offset = offset.saturating_add(shift);
        if !file.holds(offset, length) {
            return Err(file.truncated(format!(
                "{name} needs the bytes {offset}..{}, the file has {}",
                offset.saturating_add(length),
                file.bytes()
            )));
        }
        let ratio = if needed > LARGE_BYTES {
            page.codec.largest_ratio().min(USUAL_RATIO)
        } else {
            page.codec.largest_ratio()
        };
        if needed > u128::from(length) * ratio {
            let packing = match page.codec {
                Codec::None => String::new(),
                codec => format!(" of {} data", codec.name()),
            };
            return Err(file.malformed(format!(
                "{kind} {chunk} of {name} should hold {needed} bytes of pixels but has {length} \
                 bytes{packing}"
            )));
        }
        Ok(Some((offset, length)))
    }

    /// Where the first chunk is and how many bytes after it its plane's pixels end, if the pixels
    /// lie in the file as they are.
    pub(super) fn contiguous(&self, page: &Page) -> Option<(u64, u64)> {
        let bytes = u64::try_from(page.unpacked_bytes()).ok()?;
        let is_single = !page.is_planar && self.is_contiguous;
        is_single.then(|| (self.offsets[0], bytes))
    }
}

/// Lengths that a file does not give: those of the pixels as they are, else up to the file's end.
fn without_counts(file: &TiffFile, page: &Page, offsets: &[u64]) -> Vec<u64> {
    let [down, across] = page.chunks();
    let length = |chunk: usize, offset: u64| {
        if page.codec == Codec::None {
            let row = chunk / across % down;
            u64::try_from(page.chunk_bytes(page.rows_of(row))).unwrap_or(u64::MAX)
        } else {
            let next = offsets
                .get(chunk + 1)
                .copied()
                .filter(|&next| next > offset);
            next.unwrap_or(file.bytes()).saturating_sub(offset)
        }
    };
    let chunks = offsets.iter().enumerate();
    chunks
        .map(|(chunk, &offset)| length(chunk, offset))
        .collect()
}
