//! Weights to frequencies and the gradients of frequencies back to weights.

use rayon::prelude::*;

use crate::{
    Buffer, ConvShape, Isa, LANES, Pointer, blocks,
    simd::{Kernel, Simd},
};

use super::{tiles::AREA, transform};

/// Transformed weights of one convolution, in the order in which they are multiplied:
/// `[36][output groups][inner blocks][16 input channels][width * 16 output channels]`, where an inner
/// block is a tap along Z and a block of input channels, and `width` that of the instruction set.
pub(super) struct Weights {
    pub(super) values: Buffer,
    pub(super) inner: usize,
    pub(super) outer: usize,
}

/// Which way a convolution goes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Direction {
    /// From input to output.
    Forward,
    /// From the gradient of the output to that of the input: channels change places and taps their
    /// order.
    Backward,
}

impl Weights {
    /// Values of one frequency.
    pub(super) fn stride(&self) -> usize {
        self.inner * self.outer * LANES * LANES
    }

    pub(super) fn new(isa: Isa, weight: &[f32], shape: &ConvShape, direction: Direction) -> Self {
        let (from, to) = match direction {
            Direction::Forward => (shape.in_channels, shape.out_channels),
            Direction::Backward => (shape.out_channels, shape.in_channels),
        };
        let depth = shape.kernel[0];
        let (inner, outer) = (depth * blocks(from), blocks(to));
        let width = isa.width();
        let stride = inner * outer * LANES * LANES;
        let values = Buffer::filled_by(AREA * stride, |values| {
            let groups = outer.div_ceil(width);
            (0..groups * inner).into_par_iter().for_each(|index| {
                let (group, block) = (index / inner, index % inner);
                let columns = width.min(outer - group * width) * LANES;
                let start = (group * width * inner * LANES + block * columns) * LANES;
                let (plane, block) = (block / blocks(from), block % blocks(from));
                let mut taps = vec![[[0.0f32; 2 * LANES]; 9]; LANES];
                // In the order of memory: whole kernels of 9 taps, as many of them in a row as the
                // direction allows.
                for column in 0..columns.min(to - group * width * LANES) {
                    let to_channel = group * width * LANES + column;
                    for (lane, taps) in taps.iter_mut().enumerate().take(from - block * LANES) {
                        let from_channel = block * LANES + lane;
                        let (o, i, plane) = match direction {
                            Direction::Forward => (to_channel, from_channel, plane),
                            Direction::Backward => (from_channel, to_channel, depth - 1 - plane),
                        };
                        let kernel =
                            &weight[((o * shape.in_channels + i) * depth + plane) * 9..][..9];
                        for (number, &value) in kernel.iter().enumerate() {
                            let number = match direction {
                                Direction::Forward => number,
                                Direction::Backward => 8 - number,
                            };
                            taps[number][column] = value;
                        }
                    }
                }
                // SAFETY: every group and inner block has rows of its own in each frequency.
                unsafe {
                    isa.run(TransformWeights {
                        taps: &taps,
                        columns,
                        to: values.at(start),
                        stride,
                    });
                }
            });
        });
        Self {
            values,
            inner,
            outer,
        }
    }
}

struct TransformWeights<'a> {
    taps: &'a [[[f32; 2 * LANES]; 9]],
    columns: usize,
    to: *mut f32,
    stride: usize,
}

impl Kernel for TransformWeights<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for (lane, taps) in self.taps.iter().enumerate() {
            for column in (0..self.columns).step_by(LANES) {
                // SAFETY: the taps have room for two blocks; the rows of each frequency are this
                // call's.
                unsafe {
                    let load = |tap: usize| S::load(taps[tap].as_ptr().add(column));
                    let to = self.to.add(lane * self.columns + column);
                    let mut partial = [[S::zero(); 3]; 6];
                    for x in 0..3 {
                        let along_y = transform::weight::<S>([load(x), load(3 + x), load(6 + x)]);
                        for (partial, value) in partial.iter_mut().zip(along_y) {
                            partial[x] = value;
                        }
                    }
                    for (y, partial) in partial.into_iter().enumerate() {
                        for (x, value) in transform::weight::<S>(partial).into_iter().enumerate() {
                            S::store(to.add((y * 6 + x) * self.stride), value);
                        }
                    }
                }
            }
        }
    }
}

/// The gradient of the weights `[O, I, KZ, 3, 3]` from that of the frequencies,
/// `[36][outer][inner][16 input channels][16 output channels]`.
pub(super) fn weight_gradient(isa: Isa, frequencies: &mut Buffer, shape: &ConvShape) -> Vec<f32> {
    let depth = shape.kernel[0];
    let (inner, outer) = (
        depth * blocks(shape.in_channels),
        blocks(shape.out_channels),
    );
    let stride = inner * outer * LANES * LANES;
    let mut gradient = vec![0.0; shape.out_channels * shape.in_channels * depth * 9];
    let from = frequencies.pointer();
    gradient
        .par_chunks_mut(LANES * shape.in_channels * depth * 9)
        .enumerate()
        .for_each(|(block, gradient)| {
            for index in 0..inner {
                let (plane, first) = (
                    index / blocks(shape.in_channels),
                    index % blocks(shape.in_channels) * LANES,
                );
                for lane in 0..LANES.min(shape.in_channels - first) {
                    let mut taps = [[0.0f32; LANES]; 9];
                    // SAFETY: the rows of the block are inside the buffer.
                    unsafe {
                        isa.run(RestoreWeights {
                            from: row(from, (block * inner + index) * LANES + lane),
                            stride,
                            taps: &mut taps,
                        });
                    }
                    for (number, taps) in taps.iter().enumerate() {
                        for (output, &value) in gradient
                            .chunks_exact_mut(shape.in_channels * depth * 9)
                            .zip(taps)
                        {
                            output[((first + lane) * depth + plane) * 9 + number] = value;
                        }
                    }
                }
            }
        });
    gradient
}

/// # Safety
///
/// The row must be inside the buffer.
unsafe fn row(from: Pointer, index: usize) -> *const f32 {
    // SAFETY: as the caller promises.
    unsafe { from.at(index * LANES) }
}

struct RestoreWeights<'a> {
    from: *const f32,
    stride: usize,
    taps: &'a mut [[f32; LANES]; 9],
}

impl Kernel for RestoreWeights<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: each frequency has this row; the taps have sixteen values each.
        unsafe {
            let mut partial = [[S::zero(); 6]; 3];
            for x in 0..6 {
                let mut column = [S::zero(); 6];
                for (y, value) in column.iter_mut().enumerate() {
                    *value = S::load(self.from.add((y * 6 + x) * self.stride));
                }
                let along_y = transform::weight_gradient::<S>(column);
                for (partial, value) in partial.iter_mut().zip(along_y) {
                    partial[x] = value;
                }
            }
            for (y, partial) in partial.into_iter().enumerate() {
                let row = transform::weight_gradient::<S>(partial);
                for (x, value) in row.into_iter().enumerate() {
                    S::store(self.taps[y * 3 + x].as_mut_ptr(), value);
                }
            }
        }
    }
}
