//! Masks with 64 pixels to a word.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// A mask within a frame of background: one row above and below, one word before and after each
/// row. The first pixel of a word is its lowest bit.
pub(super) struct BitRows {
    pub(super) words: Vec<u64>,
    /// Words of a row, frame included.
    pub(super) stride: usize,
    shape: (usize, usize),
}

impl BitRows {
    pub(super) fn pack(mask: &ArrayView2<'_, bool>) -> Self {
        let shape = mask.dim();
        let stride = shape.1.div_ceil(64) + 2;
        let mut words = vec![0; stride * (shape.0 + 2)];
        let mask = mask.as_standard_layout();
        let pixels = mask.as_slice().unwrap_or(&[]);
        words[stride..]
            .par_chunks_mut(stride)
            .zip(pixels.par_chunks(shape.1.max(1)))
            .for_each(|(words, row)| {
                for (word, pixels) in words[1..].iter_mut().zip(row.chunks(64)) {
                    *word = pack_word(pixels);
                }
            });
        Self {
            words,
            stride,
            shape,
        }
    }

    pub(super) fn unpack(&self) -> Array2<bool> {
        let mut mask = Array2::from_elem(self.shape, false);
        let pixels = mask.as_slice_mut().unwrap_or(&mut []);
        pixels
            .par_chunks_mut(self.shape.1.max(1))
            .zip(self.words[self.stride..].par_chunks(self.stride))
            .for_each(|(row, words)| {
                for (pixels, word) in row.chunks_mut(64).zip(&words[1..]) {
                    for (bit, pixel) in pixels.iter_mut().enumerate() {
                        *pixel = word >> bit & 1 == 1;
                    }
                }
            });
        mask
    }

    /// Number of rows, frame included.
    pub(super) fn height(&self) -> usize {
        self.shape.0 + 2
    }

    pub(super) fn row(&self, row: usize) -> &[u64] {
        &self.words[row * self.stride..][..self.stride]
    }
}

fn pack_word(pixels: &[bool]) -> u64 {
    // The product moves the lowest bit of each of eight bytes into the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut word = 0;
    for (index, eight) in pixels.chunks(8).enumerate() {
        let mut bytes = [0_u8; 8];
        for (byte, &pixel) in bytes.iter_mut().zip(eight) {
            *byte = u8::from(pixel);
        }
        let packed = u64::from_le_bytes(bytes).wrapping_mul(GATHER) >> 56;
        word |= packed << (8 * index);
    }
    word
}
