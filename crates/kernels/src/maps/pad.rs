//! Zeros around a map, and parts of it.

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

/// Puts zeros around each image: `before` and `after` along Z, Y and X. The adjoint of [`crop`].
///
/// # Panics
///
/// When the number of values is not that of the shape.
pub fn pad(isa: Isa, shape: MapShape, x: &[f32], before: [usize; 3], after: [usize; 3]) -> Buffer {
    let size = std::array::from_fn(|axis| before[axis] + shape.extent.size[axis] + after[axis]);
    let axes = shift(shape.extent.size, size, before.map(usize::cast_signed));
    apply(isa, shape, x, &axes)
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
