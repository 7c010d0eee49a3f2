//! `MetaMorph` stacks (STK): all planes lie one after the other behind the pixels of one page.
//!
//! A private field has for each plane its position along z as a fraction, and the day and the
//! millisecond at which it was taken.

use super::arrangement::{Arrangement, Plane};
use super::document::Document;
use super::page::Page;
use super::tags::METAMORPH_PLANES;
use crate::axes::Axis;
use crate::error::ImageError;

/// Bytes a plane: position, fraction, two dates with times.
const RECORD_BYTES: usize = 24;

/// The stack in a page; `None` if it is no such page.
pub(super) fn arrange(document: &Document, page: &Page) -> Result<Option<Arrangement>, ImageError> {
    let file = &document.file;
    let Some(entry) = page.metamorph.filter(|entry| entry.count > 1) else {
        return Ok(None);
    };
    let count = entry.count;
    let offset = file.offset_of(&entry);
    let bytes = count.saturating_mul(RECORD_BYTES as u64);
    if !file.holds(offset, bytes) {
        return Err(file.truncated(format!(
            "field {METAMORPH_PLANES} of {} needs the bytes {offset}..{}, the file has {}",
            page.name,
            offset.saturating_add(bytes),
            file.bytes()
        )));
    }
    let mut records = vec![0; bytes as usize];
    file.read_at(offset, &mut records)?;
    let records: Vec<[u64; 6]> = records
        .chunks_exact(RECORD_BYTES)
        .map(|record| std::array::from_fn(|i| file.layout.number(&record[4 * i..4 * i + 4])))
        .collect();
    let planes = contiguous(document, page, count as usize)?;
    // Positions that stay the same make a time series.
    let is_series = records
        .iter()
        .all(|record| record[..2] == records[0][..2] || record[0] == 0);
    let axis = if is_series { Axis::T } else { Axis::Z };
    let mut stack = Arrangement::filled(&[(axis, planes.len())], &planes);
    if is_series && let Some(stack) = &mut stack {
        stack.metadata.time_step = time_step(&records);
    }
    Ok(stack)
}

/// The mean number of seconds between planes.
fn time_step(records: &[[u64; 6]]) -> Option<f64> {
    let seconds = |record: &[u64; 6]| record[2] as f64 * 86_400.0 + record[3] as f64 / 1000.0;
    let span = seconds(records.last()?) - seconds(records.first()?);
    (span > 0.0).then(|| span / (records.len() - 1) as f64)
}

/// The planes that lie one after the other, the first of which is a page's own.
pub(super) fn contiguous(
    document: &Document,
    page: &Page,
    count: usize,
) -> Result<Vec<Plane>, ImageError> {
    let file = &document.file;
    let extents = page.extents(file)?;
    let Some((offset, bytes)) = extents.contiguous(page) else {
        return Err(file.unsupported(
            format!(
                "{} has {count} planes that are not plain pixels in a row",
                page.name
            ),
            "open it in Fiji and save it as a TIFF stack",
        ));
    };
    let end = bytes.saturating_mul(count as u64).saturating_add(offset);
    if end > file.bytes() {
        return Err(file.truncated(format!(
            "its {count} planes need the bytes {offset}..{end}, the file has {}",
            file.bytes()
        )));
    }
    let plane = |index: usize| Plane {
        shift: index as u64 * bytes,
        ..Plane::of(0)
    };
    Ok((0..count).map(plane).collect())
}
