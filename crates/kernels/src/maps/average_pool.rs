//! Average pooling.

use super::layout::MapShape;
use super::separable::{Axes, Axis, Tap, apply};
use super::window::Window;
use crate::{Buffer, Isa};

/// The matrices of the window: its average is the product of the axes' averages, and so is the
/// number of pixels that are not padding.
fn axes(shape: MapShape, window: Window, count_padding: bool) -> Axes {
    let size = window.output_size(shape.extent.size);
    std::array::from_fn(|axis| {
        let inputs = shape.extent.size[axis];
        Axis::new(inputs, size[axis], |output| {
            let taps = window.covered(axis, inputs, output);
            let count = if count_padding {
                window.kernel[axis]
            } else {
                taps.len()
            };
            let weight = (1.0 / count as f64) as f32;
            taps.map(move |source| Tap { source, weight })
        })
    })
}

/// The average of each window. With `count_padding` the zeros of the padding count as pixels,
/// otherwise they are left out (PyTorch's `count_include_pad`).
///
/// # Panics
///
/// When the number of values is not that of the shape, or the window does not fit.
pub fn average_pool(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    window: Window,
    count_padding: bool,
) -> Buffer {
    apply(isa, shape, x, &axes(shape, window, count_padding))
}

/// The gradient of the input of [`average_pool`], whose shape is `shape`, from that of its output.
///
/// # Panics
///
/// As [`average_pool`].
pub fn average_pool_backward(
    isa: Isa,
    shape: MapShape,
    gradient: &[f32],
    window: Window,
    count_padding: bool,
) -> Buffer {
    let transposed = axes(shape, window, count_padding)
        .each_ref()
        .map(Axis::transposed);
    let output = shape.with_size(window.output_size(shape.extent.size));
    apply(isa, output, gradient, &transposed)
}
