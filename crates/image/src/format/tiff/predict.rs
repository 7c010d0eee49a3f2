//! The predictors of TIFF: horizontal differences (TIFF 6.0, section 14) and differences of the
//! bytes of floats (TIFF technical note 3), undone and done in place.

use super::sample::Sample;

/// Sums up the differences in rows of `row` samples; neighbours are `stride` samples apart.
pub(super) fn undo_horizontal<T: Sample>(samples: &mut [T], row: usize, stride: usize) {
    for row in samples.chunks_exact_mut(row) {
        if stride == 1 {
            let mut last = T::default();
            for sample in row {
                last = last.plus(*sample);
                *sample = last;
            }
        } else {
            for place in stride..row.len() {
                row[place] = row[place].plus(row[place - stride]);
            }
        }
    }
}

/// Puts differences in the place of samples, the inverse of [`undo_horizontal`].
pub(super) fn horizontal<T: Sample>(samples: &mut [T], row: usize, stride: usize) {
    for row in samples.chunks_exact_mut(row) {
        if stride == 1 {
            let mut last = T::default();
            for sample in row {
                let value = *sample;
                *sample = value.minus(last);
                last = value;
            }
        } else {
            for place in (stride..row.len()).rev() {
                row[place] = row[place].minus(row[place - stride]);
            }
        }
    }
}

/// Turns rows of `row` bytes into floats of `size` bytes in this machine's order.
pub(super) fn undo_float(
    bytes: &mut [u8],
    row: usize,
    stride: usize,
    size: usize,
    spare: &mut Vec<u8>,
) {
    for row in bytes.chunks_exact_mut(row) {
        undo_horizontal(row, row.len(), stride);
        spare.clear();
        spare.extend_from_slice(row);
        let count = row.len() / size;
        for (index, float) in row.chunks_exact_mut(size).enumerate() {
            for (place, byte) in float.iter_mut().enumerate() {
                *byte = spare[significance(place, size) * count + index];
            }
        }
    }
}

/// Turns rows of `row` bytes of floats into differences, the inverse of [`undo_float`].
pub(super) fn float(bytes: &mut [u8], row: usize, stride: usize, size: usize, spare: &mut Vec<u8>) {
    for row in bytes.chunks_exact_mut(row) {
        spare.clear();
        spare.extend_from_slice(row);
        let count = row.len() / size;
        for (index, float) in spare.chunks_exact(size).enumerate() {
            for (place, &byte) in float.iter().enumerate() {
                row[significance(place, size) * count + index] = byte;
            }
        }
        horizontal(row, row.len(), stride);
    }
}

/// Which byte of a number stands at a place in memory, 0 for the most significant one.
fn significance(place: usize, size: usize) -> usize {
    if cfg!(target_endian = "big") {
        place
    } else {
        size - 1 - place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_and_sums_cancel() {
        let samples: Vec<u16> = (0..24).map(|i| (i * 9973) as u16).collect();
        for stride in [1, 3] {
            let mut packed = samples.clone();
            horizontal(&mut packed, 12, stride);
            assert_eq!(packed[stride], samples[stride].wrapping_sub(samples[0]));
            undo_horizontal(&mut packed, 12, stride);
            assert_eq!(packed, samples);
        }
    }

    #[test]
    fn bytes_of_floats_come_most_significant_first() {
        let mut bytes = [1.0f32, -2.0].map(f32::to_ne_bytes).concat();
        let before = bytes.clone();
        float(&mut bytes, 8, 1, 4, &mut Vec::new());
        // 3f 80 00 00 and c0 00 00 00: the bytes 3f c0 80 00 00 00 00 00 and their differences.
        assert_eq!(bytes, [0x3f, 0x81, 0xc0, 0x80, 0, 0, 0, 0]);
        undo_float(&mut bytes, 8, 1, 4, &mut Vec::new());
        assert_eq!(bytes, before);
    }
}
