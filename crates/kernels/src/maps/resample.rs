//! Resizing to any number of pixels, as PyTorch's `interpolate`.

use super::layout::MapShape;
use super::separable::{Axes, Axis, Tap, apply};
use crate::{Buffer, Isa};

/// How pixels between pixels are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The pixel at `floor(out index * in / out)`; PyTorch's `nearest`.
    Nearest,
    /// Linear along each axis; PyTorch's `linear`, `bilinear` and `trilinear`.
    Linear {
        /// Whether the centres of the first and of the last pixels coincide, rather than the edges
        /// of the images.
        align_corners: bool,
    },
}

impl Interpolation {
    fn axis(self, inputs: usize, outputs: usize) -> Axis {
        let copy = |source| Tap {
            source,
            weight: 1.0,
        };
        if inputs == outputs {
            return Axis::new(inputs, outputs, |output| [copy(output)]);
        }
        let align_corners = match self {
            Self::Nearest => {
                return Axis::new(inputs, outputs, |output| [copy(output * inputs / outputs)]);
            }
            Self::Linear { align_corners } => align_corners,
        };
        let position = |output: usize| {
            if align_corners {
                (output * (inputs - 1)) as f64 / (outputs.max(2) - 1) as f64
            } else {
                let centre = (output as f64 + 0.5) * inputs as f64 / outputs as f64;
                (centre - 0.5).max(0.0)
            }
        };
        Axis::new(inputs, outputs, |output| {
            let near = (position(output) as usize).min(inputs - 1);
            let fraction = position(output) - near as f64;
            let tap = |source, weight: f64| Tap {
                source,
                weight: weight as f32,
            };
            // Two taps even where one has no weight: the loop over pairs is the faster.
            [
                tap(near, 1.0 - fraction),
                tap((near + 1).min(inputs - 1), fraction),
            ]
        })
    }

    fn axes(self, from: [usize; 3], to: [usize; 3]) -> Axes {
        assert!(
            from.iter().chain(&to).all(|&pixels| pixels > 0),
            "a size of zero: {from:?} to {to:?}"
        );
        std::array::from_fn(|axis| self.axis(from[axis], to[axis]))
    }
}

/// Resizes a map to `size` planes, rows and pixels.
///
/// # Panics
///
/// When the number of values is not that of the shape, or a size is zero.
pub fn resample(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    size: [usize; 3],
    interpolation: Interpolation,
) -> Buffer {
    apply(isa, shape, x, &interpolation.axes(shape.extent.size, size))
}

/// The gradient of the input of [`resample`], whose shape is `shape`, from that of its output.
///
/// # Panics
///
/// As [`resample`].
pub fn resample_backward(
    isa: Isa,
    shape: MapShape,
    gradient: &[f32],
    size: [usize; 3],
    interpolation: Interpolation,
) -> Buffer {
    let axes = interpolation.axes(shape.extent.size, size);
    let transposed = axes.each_ref().map(Axis::transposed);
    apply(isa, shape.with_size(size), gradient, &transposed)
}
