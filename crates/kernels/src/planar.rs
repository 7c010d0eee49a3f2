//! Convolutions of planar maps of any number of channels to a few, at stride 1: any kernel, zero
//! padding and dilation, 2D and 3D, forward and backward.
//!
//! A vector is sixteen pixels of a row, so that one channel of output fills it, where the kernels of
//! blocked maps would fill one of its sixteen lanes. The forward pass reads the many maps where they
//! are, but for the pixels at both ends of a row, whose taps are copied with the zeros beyond the
//! image. Both gradients read the few maps of the gradient with zeros around them.

mod forward;
mod gradients;
mod padded;

pub use forward::conv;
pub(crate) use gradients::conv_input_gradient_added;
pub use gradients::{conv_input_gradient, conv_weight_gradient};

use crate::{ConvShape, Extent, Isa};

/// The most channels of an output.
const MOST_OUTPUTS: usize = 8;

/// Whether the kernels of this module compute a convolution.
pub fn is_suited(shape: &ConvShape) -> bool {
    shape.stride == [1; 3] && shape.groups == 1 && shape.out_channels <= MOST_OUTPUTS
}

fn taps(shape: &ConvShape) -> usize {
    shape.kernel.iter().product()
}

fn len(extent: Extent, channels: usize) -> usize {
    extent.n * channels * extent.pixels()
}

/// # Panics
///
/// When the processor lacks the instruction set or the shape is not one of this module's.
fn assert_suited(isa: Isa, shape: &ConvShape) {
    assert!(isa.is_available(), "the processor has no {}", isa.name());
    assert!(is_suited(shape), "{shape:?} is not for planar kernels");
    assert_eq!(shape.input.n, shape.output.n, "images of input and output");
    let pixels = [shape.input.pixels(), shape.output.pixels()];
    assert!(!pixels.contains(&0), "an image without pixels: {shape:?}");
    assert!(
        shape.in_channels > 0 && shape.out_channels > 0,
        "no channels"
    );
    assert!(
        !shape.kernel.contains(&0) && !shape.dilation.contains(&0),
        "kernel {:?} or dilation {:?} has a zero",
        shape.kernel,
        shape.dilation
    );
}
