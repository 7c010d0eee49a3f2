//! A box of a prediction on its way from the network to the file.

use std::ops::Range;

use coverslip_image::source::blocks::Block;
use ndarray::{Array4, s};

/// Values of a box of a prediction.
pub(super) struct Part<T = f32> {
    /// The first pixel, `[Z, Y, X]`.
    pub(super) start: [usize; 3],
    /// `[C, Z, Y, X]`.
    pub(super) values: Array4<T>,
}

/// What takes finished parts, each pixel once.
pub(super) type Emit<'a, E> = dyn FnMut(Part) -> Result<(), E> + Send + 'a;

impl<T: Clone> Part<T> {
    /// Lengths along Z, Y and X.
    pub(super) fn size(&self) -> [usize; 3] {
        let (_, z, y, x) = self.values.dim();
        [z, y, x]
    }

    /// What of it lies in a window; `None` if nothing does.
    pub(super) fn within(self, window: &Block) -> Option<Part<T>> {
        let (start, size) = (self.start, self.size());
        let kept: Block = std::array::from_fn(|axis| {
            let first = window[axis].start.max(start[axis]);
            let end = window[axis].end.min(start[axis] + size[axis]);
            first - start[axis]..end.max(first) - start[axis]
        });
        if kept.iter().any(Range::is_empty) {
            return None;
        }
        if kept.each_ref().map(Range::len) == size {
            return Some(self);
        }
        let start = [0, 1, 2].map(|axis| start[axis] + kept[axis].start);
        let [z, y, x] = kept;
        let values = self.values.slice(s![.., z, y, x]).to_owned();
        Some(Part { start, values })
    }

    /// The same part with its place counted from `origin`.
    pub(super) fn seen_from(self, origin: [usize; 3]) -> Part<T> {
        let start = [0, 1, 2].map(|axis| self.start[axis] - origin[axis]);
        Part { start, ..self }
    }
}

/// Lengths or places of an image in pixels of a result that is `scale` times as large.
pub(super) fn scaled(lengths: [usize; 3], scale: [usize; 3]) -> [usize; 3] {
    [0, 1, 2].map(|axis| lengths[axis] * scale[axis])
}

/// A box of an image in pixels of a result that is `scale` times as large.
pub(super) fn scaled_block(block: &Block, scale: [usize; 3]) -> Block {
    std::array::from_fn(|axis| block[axis].start * scale[axis]..block[axis].end * scale[axis])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part() -> Part {
        let values = Array4::from_shape_fn((1, 1, 3, 4), |(.., y, x)| (10 * y + x) as f32);
        let start = [0, 5, 6];
        Part { start, values }
    }

    #[test]
    fn a_part_is_cut_to_a_window_and_keeps_its_place() {
        let cut = part().within(&[0..1, 6..20, 0..8]).unwrap();
        assert_eq!(cut.start, [0, 6, 6]);
        assert_eq!(
            cut.values.into_raw_vec_and_offset().0,
            [10.0, 11.0, 20.0, 21.0]
        );
        let whole = part().within(&[0..1, 0..20, 0..20]).unwrap();
        assert_eq!((whole.start, whole.size()), ([0, 5, 6], [1, 3, 4]));
        assert_eq!(whole.seen_from([0, 5, 2]).start, [0, 0, 4]);
        for outside in [[0..1, 0..5, 0..20], [0..1, 8..20, 0..20]] {
            assert!(part().within(&outside).is_none());
        }
    }
}
