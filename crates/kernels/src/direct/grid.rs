//! Which input pixels an output pixel sees.

use std::ops::Range;

use crate::ConvShape;

/// One tap along an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    /// Input pixels from `g * stride` to the pixel that the tap reads.
    pub(super) offset: isize,
    /// The tap's place in the weights along this axis.
    pub(super) index: usize,
}

/// One axis of a [`Grid`].
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// Output pixel of the first grid point.
    pub(super) start: usize,
    /// Output pixels from one grid point to the next.
    pub(super) step: usize,
    /// Grid points.
    pub(super) count: usize,
    /// Input pixels from one grid point to the next.
    pub(super) stride: usize,
    /// In ascending order of their offsets.
    pub(super) taps: Vec<Tap>,
}

impl Axis {
    fn forward(shape: &ConvShape, axis: usize) -> Self {
        let tap = |index: usize| Tap {
            offset: (index * shape.dilation[axis]) as isize - shape.padding[axis] as isize,
            index,
        };
        Self {
            start: 0,
            step: 1,
            count: shape.output.size[axis],
            stride: shape.stride[axis],
            taps: (0..shape.kernel[axis]).map(tap).collect(),
        }
    }

    /// The input pixels `phase`, `phase + stride`, ... as the output, the gradient as the input:
    /// pixel `i` was seen by output pixel `(i + padding - index * dilation) / stride`, if that
    /// divides.
    fn gradient(shape: &ConvShape, axis: usize, phase: usize) -> Self {
        let stride = shape.stride[axis] as isize;
        let tap = |index: usize| {
            let seen = (phase + shape.padding[axis]) as isize;
            let distance = seen - (index * shape.dilation[axis]) as isize;
            (distance % stride == 0).then_some(Tap {
                offset: distance / stride,
                index,
            })
        };
        let size = shape.input.size[axis];
        Self {
            start: phase,
            step: shape.stride[axis],
            count: size.saturating_sub(phase).div_ceil(shape.stride[axis]),
            stride: 1,
            taps: (0..shape.kernel[axis]).rev().filter_map(tap).collect(),
        }
    }

    /// The smallest offset.
    pub(super) fn lowest(&self) -> isize {
        self.taps.first().map_or(0, |tap| tap.offset)
    }

    /// Input pixels from the first to the last tap of a grid point.
    pub(super) fn span(&self) -> usize {
        let highest = self.taps.last().map_or(0, |tap| tap.offset);
        (highest - self.lowest()) as usize + 1
    }

    /// The input pixels that a range of grid points sees: the first, and how many.
    pub(super) fn window(&self, points: &Range<usize>) -> (isize, usize) {
        let first = (points.start * self.stride) as isize + self.lowest();
        (first, (points.len() - 1) * self.stride + self.span())
    }

    /// Whether `points` grid points see pixel `index` of their window.
    pub(super) fn sees(&self, index: usize, points: usize) -> bool {
        self.taps.iter().any(|tap| {
            let first = (tap.offset - self.lowest()) as usize;
            index >= first
                && (index - first).is_multiple_of(self.stride)
                && (index - first) / self.stride < points
        })
    }
}

/// Output pixels `start + g * step`, each of which is the sum over the taps of weight times input
/// pixel `g * stride + offset`, along each of Z, Y and X.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) axes: [Axis; 3],
    kernel: [usize; 3],
}

impl Grid {
    /// The output of a convolution.
    pub(super) fn forward(shape: &ConvShape) -> Self {
        Self {
            axes: [0, 1, 2].map(|axis| Axis::forward(shape, axis)),
            kernel: shape.kernel,
        }
    }

    /// Every pixel of an image, which sees itself.
    pub(super) fn identity(size: [usize; 3]) -> Self {
        let axis = |count| Axis {
            start: 0,
            step: 1,
            count,
            stride: 1,
            taps: vec![Tap {
                offset: 0,
                index: 0,
            }],
        };
        Self {
            axes: size.map(axis),
            kernel: [1; 3],
        }
    }

    /// The input of a convolution, one grid for each position relative to the stride. Together they
    /// hold every pixel once.
    pub(super) fn gradients(shape: &ConvShape) -> Vec<Self> {
        let [phases_z, phases_y, phases_x] = shape.stride;
        let mut grids = Vec::new();
        for z in 0..phases_z {
            for y in 0..phases_y {
                for x in 0..phases_x {
                    grids.push(Self {
                        axes: [(0, z), (1, y), (2, x)]
                            .map(|(axis, phase)| Axis::gradient(shape, axis, phase)),
                        kernel: shape.kernel,
                    });
                }
            }
        }
        grids
    }

    /// The offset from the first pixel of the window, and the place in the weights, of every tap.
    pub(super) fn taps(&self) -> impl Iterator<Item = ([usize; 3], usize)> {
        let [z, y, x] = &self.axes;
        let from = |axis: &Axis, tap: &Tap| (tap.offset - axis.lowest()) as usize;
        let [_, kernel_y, kernel_x] = self.kernel;
        z.taps.iter().flat_map(move |tap_z| {
            y.taps.iter().flat_map(move |tap_y| {
                x.taps.iter().map(move |tap_x| {
                    let offset = [from(z, tap_z), from(y, tap_y), from(x, tap_x)];
                    let plane = tap_z.index * kernel_y + tap_y.index;
                    (offset, plane * kernel_x + tap_x.index)
                })
            })
        })
    }

    /// Number of taps.
    pub(super) fn tap_count(&self) -> usize {
        self.axes.iter().map(|axis| axis.taps.len()).product()
    }

    /// The output pixel of a grid point, counted through an image of `size`.
    pub(super) fn pixel(&self, point: [usize; 3], size: [usize; 3]) -> usize {
        let at = |axis: usize| self.axes[axis].start + point[axis] * self.axes[axis].step;
        (at(0) * size[1] + at(1)) * size[2] + at(2)
    }
}
