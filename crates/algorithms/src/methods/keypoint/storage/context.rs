//! The bitmap of key points, each pixel coded by what is likely beside its neighbours.

use ndarray::{Array2, ArrayView2};

use super::arithmetic::{Counts, Decoder, Encoder};

/// Patterns of the ten neighbours that come before a pixel.
const CONTEXTS: usize = 1 << 10;

/// Codes a bitmap `[Y, X]` with an adaptive binary arithmetic coder. The context of a pixel are
/// ten before it, as in JBIG: three two rows above, five in the row above, and two in its row.
pub fn encode_context(keypoints: &ArrayView2<'_, bool>) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let mut counts = vec![Counts::default(); CONTEXTS];
    let mut template = Template::new(keypoints.ncols());
    for row in keypoints.outer_iter() {
        for (x, &bit) in row.iter().enumerate() {
            let context = template.context(x);
            encoder.encode(counts[context], bit);
            counts[context].add(bit);
            template.set(x, bit);
        }
        template.end_row();
    }
    encoder.finish()
}

/// The bitmap of [`encode_context`]. Other bytes give some bitmap: check a sum first.
pub fn decode_context(bytes: &[u8], height: usize, width: usize) -> Array2<bool> {
    let mut decoder = Decoder::new(bytes);
    let mut counts = vec![Counts::default(); CONTEXTS];
    let mut template = Template::new(width);
    let mut keypoints = Array2::from_elem((height, width), false);
    for mut row in keypoints.outer_iter_mut() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let context = template.context(x);
            *pixel = decoder.decode(counts[context]);
            counts[context].add(*pixel);
            template.set(x, *pixel);
        }
        template.end_row();
    }
    keypoints
}

/// The last three rows, with two zeros on both sides.
struct Template {
    rows: [Vec<bool>; 3],
}

impl Template {
    fn new(width: usize) -> Self {
        let row = vec![false; width + 4];
        Self {
            rows: [row.clone(), row.clone(), row],
        }
    }

    fn context(&self, x: usize) -> usize {
        let [far, near, this] = &self.rows;
        let neighbours = [&far[x + 1..x + 4], &near[x..x + 5], &this[x..x + 2]];
        let bits = neighbours.into_iter().flatten();
        bits.fold(0, |context, &bit| context << 1 | usize::from(bit))
    }

    fn set(&mut self, x: usize, bit: bool) {
        self.rows[2][x + 2] = bit;
    }

    fn end_row(&mut self) {
        self.rows.rotate_left(1);
        self.rows[2].fill(false);
    }
}
