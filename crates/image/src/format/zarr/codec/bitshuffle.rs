//! The transpositions that blosc does before compressing: of bytes, and of bits.
#![expect(
    clippy::inline_always,
    reason = "vector instructions reach only what is inlined into the loop"
)]

use pulp::Arch;

/// Puts the first bytes of all samples first, then their second bytes, and so on.
pub(super) fn shuffle(from: &[u8], size: usize, to: &mut [u8]) {
    match size {
        2 => shuffle_by::<2>(from, to),
        4 => shuffle_by::<4>(from, to),
        8 => shuffle_by::<8>(from, to),
        _ => transpose(from, size, to, |row, sample, samples| {
            (sample * size + row, row * samples + sample)
        }),
    }
}

/// The reverse of [`shuffle`].
pub(super) fn unshuffle(from: &[u8], size: usize, to: &mut [u8]) {
    match size {
        2 => unshuffle_by::<2>(from, to),
        4 => unshuffle_by::<4>(from, to),
        8 => unshuffle_by::<8>(from, to),
        _ => transpose(from, size, to, |row, sample, samples| {
            (row * samples + sample, sample * size + row)
        }),
    }
}

fn shuffle_by<const SIZE: usize>(from: &[u8], to: &mut [u8]) {
    let samples = from.len() / SIZE;
    let (values, rest) = from.as_chunks::<SIZE>();
    for byte in 0..SIZE {
        let row = &mut to[byte * samples..][..samples];
        for (to, value) in row.iter_mut().zip(values) {
            *to = value[byte];
        }
    }
    to[samples * SIZE..].copy_from_slice(rest);
}

fn unshuffle_by<const SIZE: usize>(from: &[u8], to: &mut [u8]) {
    let samples = from.len() / SIZE;
    let rows: [&[u8]; SIZE] = std::array::from_fn(|byte| &from[byte * samples..][..samples]);
    let (values, rest) = to.as_chunks_mut::<SIZE>();
    for (sample, value) in values.iter_mut().enumerate() {
        for byte in 0..SIZE {
            value[byte] = rows[byte][sample];
        }
    }
    rest.copy_from_slice(&from[samples * SIZE..]);
}

fn transpose(
    from: &[u8],
    size: usize,
    to: &mut [u8],
    places: impl Fn(usize, usize, usize) -> (usize, usize),
) {
    let samples = from.len() / size;
    for row in 0..size {
        for sample in 0..samples {
            let (source, target) = places(row, sample, samples);
            to[target] = from[source];
        }
    }
    to[samples * size..].copy_from_slice(&from[samples * size..]);
}

/// Puts the lowest bits of all samples first, then their second bits, and so on. Blocks whose number
/// of samples is no multiple of 8 stay as they are. `planes` is working memory as large as the block.
pub(super) fn bitshuffle(from: &[u8], size: usize, to: &mut [u8], planes: &mut [u8]) {
    let samples = from.len() / size;
    if samples == 0 || !samples.is_multiple_of(8) {
        to.copy_from_slice(from);
        return;
    }
    let bytes = &mut planes[..samples * size];
    shuffle(&from[..samples * size], size, bytes);
    let width = samples / 8;
    let arch = Arch::new();
    for (plane, rows) in bytes
        .chunks_exact(samples)
        .zip(to.chunks_exact_mut(samples))
    {
        arch.dispatch(|| split_bits(plane, rows, width));
    }
    to[samples * size..].copy_from_slice(&from[samples * size..]);
}

/// The reverse of [`bitshuffle`].
pub(super) fn bitunshuffle(from: &[u8], size: usize, to: &mut [u8], planes: &mut [u8]) {
    let samples = from.len() / size;
    if samples == 0 || !samples.is_multiple_of(8) {
        to.copy_from_slice(from);
        return;
    }
    let bytes = &mut planes[..samples * size];
    let width = samples / 8;
    let arch = Arch::new();
    for (rows, plane) in from
        .chunks_exact(samples)
        .zip(bytes.chunks_exact_mut(samples))
    {
        arch.dispatch(|| join_bits(rows, plane, width));
    }
    unshuffle(bytes, size, &mut to[..samples * size]);
    to[samples * size..].copy_from_slice(&from[samples * size..]);
}

/// The eight bits of each byte go into eight rows of `width` bytes, 64 bytes at a time.
#[inline(always)]
fn split_bits(plane: &[u8], rows: &mut [u8], width: usize) {
    let (groups, rest) = plane.as_chunks::<64>();
    for (step, group) in groups.iter().enumerate() {
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(group.as_chunks::<8>().0) {
            *word = transpose_bits(u64::from_le_bytes(*bytes));
        }
        for (row, word) in transpose_bytes(words).into_iter().enumerate() {
            rows[row * width + 8 * step..][..8].copy_from_slice(&word.to_le_bytes());
        }
    }
    let first = 8 * groups.len();
    for (column, group) in (first..).zip(rest.as_chunks::<8>().0) {
        let bits = transpose_bits(u64::from_le_bytes(*group)).to_le_bytes();
        for (row, byte) in bits.into_iter().enumerate() {
            rows[row * width + column] = byte;
        }
    }
}

/// The reverse of [`split_bits`].
#[inline(always)]
fn join_bits(rows: &[u8], plane: &mut [u8], width: usize) {
    let rows: [&[u8]; 8] = std::array::from_fn(|row| &rows[row * width..][..width]);
    let words = rows.map(|row| row.as_chunks::<8>().0);
    let (groups, rest) = plane.as_chunks_mut::<64>();
    for (step, group) in groups.iter_mut().enumerate() {
        let columns = transpose_bytes(words.map(|row| u64::from_le_bytes(row[step])));
        for (bytes, word) in group.as_chunks_mut::<8>().0.iter_mut().zip(columns) {
            *bytes = transpose_bits(word).to_le_bytes();
        }
    }
    let first = 8 * groups.len();
    for (column, group) in (first..).zip(rest.as_chunks_mut::<8>().0) {
        let bits = u64::from_le_bytes(rows.map(|row| row[column]));
        *group = transpose_bits(bits).to_le_bytes();
    }
}

/// Transposes 8 x 8 bytes: byte `column` of the word `row` changes places with byte `row` of the
/// word `column`.
#[inline(always)]
fn transpose_bytes(mut words: [u64; 8]) -> [u64; 8] {
    for (step, mask) in [
        (4, 0x0000_0000_ffff_ffff),
        (2, 0x0000_ffff_0000_ffff),
        (1, 0x00ff_00ff_00ff_00ff),
    ] {
        for row in (0..8).filter(|row| row & step == 0) {
            let swap = ((words[row] >> (8 * step)) ^ words[row + step]) & mask;
            words[row + step] ^= swap;
            words[row] ^= swap << (8 * step);
        }
    }
    words
}

/// Transposes 8 x 8 bits: the bit `column` of the byte `row` changes places with the bit `row` of
/// the byte `column` (Warren, Hacker's Delight, 2nd edition, section 7-3).
#[inline(always)]
fn transpose_bits(bits: u64) -> u64 {
    let mut bits = bits;
    for (shift, mask) in [
        (7, 0x00aa_00aa_00aa_00aa),
        (14, 0x0000_cccc_0000_cccc),
        (28, 0x0000_0000_f0f0_f0f0),
    ] {
        let swap = (bits ^ (bits >> shift)) & mask;
        bits ^= swap ^ (swap << shift);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_change_places() {
        for (row, column) in [(0, 0), (0, 7), (3, 5), (7, 1)] {
            assert_eq!(
                transpose_bits(1 << (8 * row + column)),
                1 << (8 * column + row)
            );
        }
    }

    #[test]
    fn both_ways_give_the_same_bytes() {
        for size in [1, 2, 3, 4, 8, 17] {
            for length in [0, 1, 8 * size, 24 * size + 1, 13 * size, 5, 200 * size] {
                let from: Vec<u8> = (0..length).map(|i| (i * 131 + i / 7) as u8).collect();
                let [mut there, mut back, mut planes] = [(); 3].map(|()| vec![0; length]);
                shuffle(&from, size, &mut there);
                unshuffle(&there, size, &mut back);
                assert_eq!(back, from, "bytes of {size}, {length}");
                bitshuffle(&from, size, &mut there, &mut planes);
                bitunshuffle(&there, size, &mut back, &mut planes);
                assert_eq!(back, from, "bits of {size}, {length}");
            }
        }
    }
}
