//! Weights to frequencies and the gradients of frequencies back to weights.

#![expect(
    clippy::needless_range_loop,
    reason = "iterators over arrays of vectors may stay functions without the instruction set"
)]

use std::ops::Range;

use rayon::prelude::*;

use crate::{
    Buffer, ConvShape, Isa, LANES, blocks,
    simd::{Kernel, Simd},
};

use super::{
    tiles::AREA,
    transform::{self, unrolled},
};

/// Which way a convolution goes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Direction {
    /// From input to output.
    Forward,
    /// From the gradient of the output to that of the input: channels change places and taps their
    /// order.
    Backward,
}

/// The weights `[O, I, KZ, 3, 3]` of a convolution and how it uses them.
#[derive(Clone, Copy)]
pub(super) struct PlainWeights<'a> {
    isa: Isa,
    weight: &'a [f32],
    shape: &'a ConvShape,
    direction: Direction,
    /// Blocks that are summed over: of each tap along Z the blocks of channels.
    pub(super) inner: usize,
    /// Blocks of channels of the result.
    pub(super) outer: usize,
}

impl<'a> PlainWeights<'a> {
    pub(super) fn new(
        isa: Isa,
        weight: &'a [f32],
        shape: &'a ConvShape,
        direction: Direction,
    ) -> Self {
        let (from, to) = match direction {
            Direction::Forward => (shape.in_channels, shape.out_channels),
            Direction::Backward => (shape.out_channels, shape.in_channels),
        };
        Self {
            isa,
            weight,
            shape,
            direction,
            inner: shape.kernel[0] * blocks(from),
            outer: blocks(to),
        }
    }

    /// Bytes of all of them, transformed.
    pub(super) fn transformed_size(&self) -> usize {
        AREA * self.inner * self.outer * LANES * LANES * size_of::<f32>()
    }

    /// Transforms one inner block of the output blocks from `outer` on that a register tile has, to
    /// `[16 input channels][width * 16 output channels]` of each frequency.
    ///
    /// # Safety
    ///
    /// `to` must have room for that at every `stride`.
    #[expect(
        clippy::large_stack_arrays,
        reason = "18 KiB, which fit the first-level cache"
    )]
    unsafe fn transform(&self, outer: usize, block: usize, to: *mut f32, stride: usize) {
        let columns = self.isa.width().min(self.outer - outer) * LANES;
        let (o_count, i_count) = (self.shape.out_channels, self.shape.in_channels);
        let depth = self.shape.kernel[0];
        let from_blocks = self.inner / depth;
        let (plane, first_lane) = (block / from_blocks, block % from_blocks * LANES);
        let first_column = outer * LANES;
        let mut taps = [[[0.0f32; 2 * LANES]; 9]; LANES];
        // Kernels of 9 taps are read in the order of memory.
        match self.direction {
            Direction::Forward => {
                for column in 0..columns.min(o_count - first_column) {
                    for (lane, taps) in taps.iter_mut().enumerate().take(i_count - first_lane) {
                        let kernel = (first_column + column) * i_count + first_lane + lane;
                        let kernel = &self.weight[(kernel * depth + plane) * 9..][..9];
                        for (taps, &value) in taps.iter_mut().zip(kernel) {
                            taps[column] = value;
                        }
                    }
                }
            }
            Direction::Backward => {
                let plane = depth - 1 - plane;
                for (lane, taps) in taps.iter_mut().enumerate().take(o_count - first_lane) {
                    for column in 0..columns.min(i_count - first_column) {
                        let kernel = (first_lane + lane) * i_count + first_column + column;
                        let kernel = &self.weight[(kernel * depth + plane) * 9..][..9];
                        for (taps, &value) in taps.iter_mut().zip(kernel.iter().rev()) {
                            taps[column] = value;
                        }
                    }
                }
            }
        }
        // SAFETY: as the caller promises.
        unsafe {
            self.isa.run(TransformWeights {
                taps: &taps,
                columns,
                to,
                stride,
            });
        }
    }
}

/// Transformed weights of one convolution, in the order in which they are multiplied:
/// `[36][output groups][inner blocks][16 input channels][width * 16 output channels]`, where an inner
/// block is a tap along Z and a block of input channels, and `width` that of the instruction set.
pub(super) struct Weights {
    values: Buffer,
    pub(super) inner: usize,
    pub(super) outer: usize,
}

impl Weights {
    pub(super) fn new(plain: &PlainWeights<'_>) -> Self {
        let &PlainWeights { inner, outer, .. } = plain;
        let width = plain.isa.width();
        let stride = inner * outer * LANES * LANES;
        let values = Buffer::filled_by(AREA * stride, |values| {
            let groups = outer.div_ceil(width);
            (0..groups * inner).into_par_iter().for_each(|index| {
                let (first, block) = (index / inner * width, index % inner);
                let columns = width.min(outer - first) * LANES;
                let start = (first * inner * LANES + block * columns) * LANES;
                // SAFETY: every group and inner block has rows of its own in each frequency.
                unsafe { plain.transform(first, block, values.at(start), stride) };
            });
        });
        Self {
            values,
            inner,
            outer,
        }
    }

    /// Bytes of all of them.
    pub(super) fn size(&self) -> usize {
        size_of_val(self.values.as_slice())
    }

    /// The weights of all inner blocks of the output blocks from `outer` on.
    pub(super) fn panel(&self, outer: usize) -> Panel {
        Panel {
            values: self.values.as_slice()[outer * self.inner * LANES * LANES..].as_ptr(),
            stride: self.inner * self.outer * LANES * LANES,
            outer_stride: self.inner * LANES * LANES,
        }
    }
}

/// Transformed weights of some output blocks and some inner blocks.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    pub(super) values: *const f32,
    /// Values from one frequency to the next.
    pub(super) stride: usize,
    /// Values from one output block to the next.
    pub(super) outer_stride: usize,
}

impl Panel {
    /// From inner block `block` on of weights whose register tile has `width` output blocks.
    pub(super) fn starting_at(self, block: usize, width: usize) -> Self {
        Self {
            values: self.values.wrapping_add(block * width * LANES * LANES),
            ..self
        }
    }
}

/// Values of the scratch of [`transformed_panel`].
pub(super) fn panel_len(outer: usize, inner: usize) -> usize {
    AREA * outer * inner * LANES * LANES
}

/// Transforms the inner blocks `inner` of the output blocks `outer` into scratch.
///
/// # Safety
///
/// The scratch must have [`panel_len`] values.
pub(super) unsafe fn transformed_panel(
    plain: &PlainWeights<'_>,
    outer: Range<usize>,
    inner: Range<usize>,
    scratch: *mut f32,
) -> Panel {
    let width = plain.isa.width();
    let panel = Panel {
        values: scratch,
        stride: panel_len(outer.len(), inner.len()) / AREA,
        outer_stride: inner.len() * LANES * LANES,
    };
    for first in outer.clone().step_by(width) {
        let columns = width.min(outer.end - first) * LANES;
        for (index, block) in inner.clone().enumerate() {
            let start = (first - outer.start) * panel.outer_stride + index * columns * LANES;
            // SAFETY: the scratch has room for all blocks.
            unsafe { plain.transform(first, block, scratch.add(start), panel.stride) };
        }
    }
    panel
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
        let part_len = LANES / S::PARTS;
        for (lane, taps) in self.taps.iter().enumerate() {
            for column in (0..self.columns).step_by(part_len) {
                // SAFETY: the taps have room for two blocks; the rows of each frequency are this
                // call's.
                unsafe {
                    let to = self.to.add(lane * self.columns + column);
                    transform_weights::<S::Part>(taps, column, to, self.stride);
                }
            }
        }
    }
}

/// # Safety
///
/// The processor must have the instruction set; the columns and the rows must exist.
#[inline(always)]
unsafe fn transform_weights<S: Simd>(
    taps: &[[f32; 2 * LANES]; 9],
    column: usize,
    to: *mut f32,
    stride: usize,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let along_y = unrolled!(3, x => transform::weight::<S>(
            unrolled!(3, y => S::load(taps[3 * y + x].as_ptr().add(column)))
        ));
        for y in 0..6 {
            let row = transform::weight::<S>(unrolled!(3, x => along_y[x][y]));
            for x in 0..6 {
                S::store(to.add((y * 6 + x) * stride), row[x]);
            }
        }
    }
}

/// The gradient of the weights `[O, I, KZ, 3, 3]` from that of the frequencies,
/// `[36][outer][inner][16 input channels][16 output channels]`.
pub(super) fn weight_gradient(isa: Isa, frequencies: &Buffer, shape: &ConvShape) -> Vec<f32> {
    let inner = shape.kernel[0] * blocks(shape.in_channels);
    let outer = blocks(shape.out_channels);
    let stride = inner * outer * LANES * LANES;
    let mut gradient = vec![0.0; gradient_len(shape)];
    let rows = gradient.par_chunks_mut(gradient_len(shape) / shape.out_channels * LANES);
    rows.enumerate().for_each(|(block, gradient)| {
        for index in 0..inner {
            let first = (block * inner + index) * LANES * LANES;
            let from = frequencies.as_slice()[first..].as_ptr();
            // SAFETY: the buffer has this block in each frequency.
            let restored = unsafe { RestoredBlock::new(isa, from, stride) };
            restored.store(gradient, index, shape, false);
        }
    });
    gradient
}

/// Values of a gradient of weights.
pub(super) fn gradient_len(shape: &ConvShape) -> usize {
    shape.out_channels * shape.in_channels * shape.kernel[0] * 9
}

/// The gradient of one block of weights: `[16 input channels][9 taps][16 output channels]`.
pub(super) struct RestoredBlock([[[f32; LANES]; 9]; LANES]);

impl RestoredBlock {
    /// From `[36][16 input channels][16 output channels]`, `stride` values from one frequency to the
    /// next.
    ///
    /// # Safety
    ///
    /// All these values must exist.
    pub(super) unsafe fn new(isa: Isa, from: *const f32, stride: usize) -> Self {
        let mut restored = Self([[[0.0; LANES]; 9]; LANES]);
        for (lane, taps) in restored.0.iter_mut().enumerate() {
            let from = from.wrapping_add(lane * LANES);
            // SAFETY: as the caller promises.
            unsafe { isa.run(RestoreWeights { from, stride, taps }) };
        }
        restored
    }

    /// Writes it, or adds it, to the rows of its output channels, whole or as many as there are.
    /// `index` counts the taps along Z and the blocks of input channels.
    pub(super) fn store(&self, rows: &mut [f32], index: usize, shape: &ConvShape, is_sum: bool) {
        let depth = shape.kernel[0];
        let (plane, block) = (
            index / blocks(shape.in_channels),
            index % blocks(shape.in_channels),
        );
        let lanes = LANES.min(shape.in_channels - block * LANES);
        let rows = rows.chunks_exact_mut(shape.in_channels * depth * 9);
        for (column, row) in rows.enumerate().take(LANES) {
            let kernels = row.chunks_exact_mut(9).skip(block * LANES * depth + plane);
            let kernels = kernels.step_by(depth).take(lanes);
            for (kernel, taps) in kernels.zip(&self.0) {
                for (value, tap) in kernel.iter_mut().zip(taps) {
                    *value = if is_sum {
                        *value + tap[column]
                    } else {
                        tap[column]
                    };
                }
            }
        }
    }
}

struct RestoreWeights<'a> {
    from: *const f32,
    stride: usize,
    taps: &'a mut [[f32; LANES]; 9],
}

impl Kernel for RestoreWeights<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for part in 0..S::PARTS {
            let start = part * (LANES / S::PARTS);
            // SAFETY: each frequency has this row; the taps have sixteen values each.
            unsafe {
                restore_weights::<S::Part>(self.from.add(start), self.stride, self.taps, start);
            }
        }
    }
}

/// # Safety
///
/// The processor must have the instruction set; the rows must exist.
#[inline(always)]
unsafe fn restore_weights<S: Simd>(
    from: *const f32,
    stride: usize,
    taps: &mut [[f32; LANES]; 9],
    start: usize,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let along_y = unrolled!(6, x => transform::weight_gradient::<S>(
            unrolled!(6, y => S::load(from.add((y * 6 + x) * stride)))
        ));
        for y in 0..3 {
            let row = transform::weight_gradient::<S>(unrolled!(6, x => along_y[x][y]));
            for x in 0..3 {
                S::store(taps[y * 3 + x].as_mut_ptr().add(start), row[x]);
            }
        }
    }
}
