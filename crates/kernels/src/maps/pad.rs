//! Zeros around a map, or what continues it, and parts of it.

use super::layout::MapShape;
use super::separable::{Axes, Axis, Tap, apply};
use crate::{Buffer, Isa};

/// The matrices that take `inputs` pixels of each axis to `outputs` pixels with the first input at
/// output `offset`, which may be negative.
fn shift(inputs: [usize; 3], outputs: [usize; 3], offset: [isize; 3]) -> Axes {
    std::array::from_fn(|axis| {
        Axis::new(inputs[axis], outputs[axis], |output| {
            let source = output.checked_add_signed(-offset[axis]);
            let inside = source.filter(|&source| source < inputs[axis]);
            inside.map(|source| Tap {
                source,
                weight: 1.0,
            })
        })
    })
}

/// How an image goes on beyond its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// By its mirror image, the outermost pixels not repeated; for fewer pixels than the image has.
    Mirror,
    /// By its outermost pixels.
    Edge,
    /// From the other side, as if it were periodic; for no more pixels than the image has.
    Periodic,
}

impl Continuation {
    /// The most pixels of one side of `count`.
    fn most(self, count: usize) -> usize {
        match self {
            Self::Mirror => count.saturating_sub(1),
            Self::Edge => usize::MAX,
            Self::Periodic => count,
        }
    }

    /// The pixel of an axis of `count` that stands `place - before` from its first.
    fn source(self, place: usize, before: usize, count: usize) -> usize {
        match self {
            // The distance from the first pixel, then that from the last, is folded.
            Self::Mirror => (count - 1) - (count - 1).abs_diff(place.abs_diff(before)),
            Self::Edge => place.saturating_sub(before).min(count - 1),
            Self::Periodic => (place + count - before) % count,
        }
    }

    /// The matrices that continue `inputs` pixels.
    fn axes(self, inputs: [usize; 3], before: [usize; 3], after: [usize; 3]) -> Axes {
        std::array::from_fn(|axis| {
            let (count, before, after) = (inputs[axis], before[axis], after[axis]);
            assert!(
                before.max(after) <= self.most(count),
                "{before} and {after} pixels beyond {count}: {self:?}"
            );
            Axis::new(count, before + count + after, |output| {
                [Tap {
                    source: self.source(output, before, count),
                    weight: 1.0,
                }]
            })
        })
    }
}

fn padded(inputs: [usize; 3], before: [usize; 3], after: [usize; 3]) -> [usize; 3] {
    std::array::from_fn(|axis| before[axis] + inputs[axis] + after[axis])
}

/// Puts zeros around each image: `before` and `after` along Z, Y and X. The adjoint of [`crop`].
///
/// # Panics
///
/// When the number of values is not that of the shape.
pub fn pad(isa: Isa, shape: MapShape, x: &[f32], before: [usize; 3], after: [usize; 3]) -> Buffer {
    let inputs = shape.extent.size;
    let size = padded(inputs, before, after);
    let axes = shift(inputs, size, before.map(usize::cast_signed));
    apply(isa, shape, x, &axes)
}

/// Continues each image beyond its edges: `before` and `after` pixels along Z, Y and X.
///
/// # Panics
///
/// When the number of values is not that of the shape, or the image has too few pixels for those that
/// are added on one side.
pub fn pad_continued(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    before: [usize; 3],
    after: [usize; 3],
    continuation: Continuation,
) -> Buffer {
    let axes = continuation.axes(shape.extent.size, before, after);
    apply(isa, shape, x, &axes)
}

/// The gradient of the input of [`pad_continued`], whose shape is `shape`, from that of its output.
///
/// # Panics
///
/// As [`pad_continued`].
pub fn pad_continued_backward(
    isa: Isa,
    shape: MapShape,
    gradient: &[f32],
    before: [usize; 3],
    after: [usize; 3],
    continuation: Continuation,
) -> Buffer {
    let axes = continuation.axes(shape.extent.size, before, after);
    let transposed = axes.each_ref().map(Axis::transposed);
    let output = shape.with_size(padded(shape.extent.size, before, after));
    apply(isa, output, gradient, &transposed)
}

/// Takes a part of each image: `size` pixels from `start` along Z, Y and X. The adjoint of [`pad`].
///
/// # Panics
///
/// When the number of values is not that of the shape, or the part is not within the image.
pub fn crop(isa: Isa, shape: MapShape, x: &[f32], start: [usize; 3], size: [usize; 3]) -> Buffer {
    for axis in 0..3 {
        assert!(
            start[axis] + size[axis] <= shape.extent.size[axis],
            "{size:?} pixels from {start:?} of an image of {:?}",
            shape.extent.size
        );
    }
    let offset = start.map(|start| -start.cast_signed());
    apply(isa, shape, x, &shift(shape.extent.size, size, offset))
}
