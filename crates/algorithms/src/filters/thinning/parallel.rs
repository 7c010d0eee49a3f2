//! Thinning rules that look at all pixels at once, 64 pixels in a word.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::bits::BitRows;
use crate::simd::vectorized;

/// Rows that one piece of work covers.
const BAND_ROWS: usize = 64;

/// The eight neighbours of 64 pixels, clockwise from north: P2 to P9 of the papers.
type Neighbours = [u64; 8];

/// Thins by Zhang and Suen's rule until nothing changes.
pub(super) fn zhang_suen(mask: &ArrayView2<'_, bool>) -> Array2<bool> {
    let rule = |p: Neighbours| {
        let rises: [u64; 8] = std::array::from_fn(|i| !p[i] & p[(i + 1) % 8]);
        let (rise, more_rises) = one_and_two(&rises);
        let (_, two_set) = one_and_two(&p);
        let (_, two_clear) = one_and_two(&p.map(|word| !word));
        rise & !more_rises & two_set & two_clear
    };
    let [north, east, south, west] = [0, 2, 4, 6];
    let first = move |p: Neighbours| rule(p) & !(p[east] & p[south] & (p[north] | p[west]));
    let second = move |p: Neighbours| rule(p) & !(p[north] & p[west] & (p[east] | p[south]));
    thin(mask, first, second)
}

/// Thins by Guo and Hall's rule until nothing changes.
pub(super) fn guo_hall(mask: &ArrayView2<'_, bool>) -> Array2<bool> {
    let rule = |[p2, p3, p4, p5, p6, p7, p8, p9]: Neighbours| {
        let objects = [
            !p2 & (p3 | p4),
            !p4 & (p5 | p6),
            !p6 & (p7 | p8),
            !p8 & (p9 | p2),
        ];
        let (one, more) = one_and_two(&objects);
        let pairs = [
            [p9 | p2, p3 | p4, p5 | p6, p7 | p8],
            [p2 | p3, p4 | p5, p6 | p7, p8 | p9],
        ];
        let two = pairs.map(|pairs| one_and_two(&pairs).1);
        let four = pairs.map(|[a, b, c, d]| a & b & c & d);
        one & !more & two[0] & two[1] & !(four[0] & four[1])
    };
    let first = move |p: Neighbours| rule(p) & !((p[4] | p[5] | !p[7]) & p[6]);
    let second = move |p: Neighbours| rule(p) & !((p[0] | p[1] | !p[3]) & p[2]);
    thin(mask, first, second)
}

/// Where at least one, and where at least two, of the words have a bit.
#[inline(always)]
fn one_and_two(words: &[u64]) -> (u64, u64) {
    words
        .iter()
        .fold((0, 0), |(one, two), word| (one | word, two | one & word))
}

/// Removes in turn what the two rules say until neither finds anything. Rows whose surroundings
/// have not changed since the same rule saw them last are left alone.
fn thin(
    mask: &ArrayView2<'_, bool>,
    first: impl Fn(Neighbours) -> u64 + Sync,
    second: impl Fn(Neighbours) -> u64 + Sync,
) -> Array2<bool> {
    let mut rows = BitRows::pack(mask);
    if mask.is_empty() {
        return rows.unpack();
    }
    let mut kept = rows.words.clone();
    let mut changed_at = vec![0_usize; rows.height()];
    for step in 1.. {
        let is_first = step % 2 == 1;
        let changed = if is_first {
            thin_once(&rows, &mut kept, &changed_at, step, &first)
        } else {
            thin_once(&rows, &mut kept, &changed_at, step, &second)
        };
        for &row in &changed {
            let words = row * rows.stride..(row + 1) * rows.stride;
            rows.words[words.clone()].copy_from_slice(&kept[words]);
            changed_at[row] = step;
        }
        if changed_at.iter().all(|&last| last + 1 < step) {
            break;
        }
    }
    rows.unpack()
}

/// Writes what remains of each row to `kept` and returns the rows that changed.
fn thin_once(
    rows: &BitRows,
    kept: &mut [u64],
    changed_at: &[usize],
    step: usize,
    rule: impl Fn(Neighbours) -> u64 + Sync,
) -> Vec<usize> {
    let stride = rows.stride;
    let inside = stride..(rows.height() - 1) * stride;
    let bands = kept[inside].par_chunks_mut(stride * BAND_ROWS).enumerate();
    let work = |(band, kept): (usize, &mut [u64])| {
        let mut changed = Vec::new();
        for (index, kept) in kept.chunks_mut(stride).enumerate() {
            let row = 1 + band * BAND_ROWS + index;
            let is_stale = changed_at[row - 1..=row + 1]
                .iter()
                .any(|&last| last + 2 >= step);
            if is_stale
                && vectorized(
                    #[inline(always)]
                    || thin_row(rows, row, kept, &rule),
                )
            {
                changed.push(row);
            }
        }
        changed
    };
    bands.flat_map_iter(work).collect()
}

/// Whether any pixel of the row went.
#[inline(always)]
fn thin_row(
    rows: &BitRows,
    row: usize,
    kept: &mut [u64],
    rule: impl Fn(Neighbours) -> u64,
) -> bool {
    let stride = kept.len();
    let (above, at, below) = (
        &rows.row(row - 1)[..stride],
        &rows.row(row)[..stride],
        &rows.row(row + 1)[..stride],
    );
    let mut removed = 0;
    for index in 1..stride - 1 {
        let west = |words: &[u64]| words[index] << 1 | words[index - 1] >> 63;
        let east = |words: &[u64]| words[index] >> 1 | words[index + 1] << 63;
        let neighbours = [
            above[index],
            east(above),
            east(at),
            east(below),
            below[index],
            west(below),
            west(at),
            west(above),
        ];
        let gone = at[index] & rule(neighbours);
        kept[index] = at[index] & !gone;
        removed |= gone;
    }
    removed != 0
}
