//! The gradient of the weights.

use rayon::prelude::*;

use crate::{Buffer, ConvShape, Isa, LANES, Source, blocks};

use super::{
    grid::{Grid, Reading},
    is_suited,
    runs::{TransformedInput, joint_run_length, run_length, with_scratch},
    tiles::{AREA, GatherGradient, MultiplyGradient, Run, frequency_stride},
    weights::{RestoredBlock, gradient_len, weight_gradient},
};

/// Gradients of frequencies of this many bytes may be kept for each part of the work.
const PART_GRADIENTS: usize = 4 << 20;
/// Parts whose gradients are summed up, at most.
const PARTS: usize = 8;
/// Inner and output blocks whose gradients of frequencies are kept in a core's cache.
const GROUP: [usize; 2] = [2, 4];

/// The gradient of the weights, `[O, I, KZ, 3, 3]`.
///
/// # Panics
///
/// As [`conv`](super::conv).
pub fn conv_weight_gradient(
    isa: Isa,
    sources: &[Source<'_>],
    gradient: &[Source<'_>],
    shape: &ConvShape,
) -> Vec<f32> {
    assert!(
        is_suited(shape),
        "not a convolution for Winograd: {shape:?}"
    );
    let pass = GradientPass {
        input: TransformedInput {
            isa,
            map: Reading::of(sources, shape.input),
            size: shape.input.size,
            padding: shape.padding,
            grid: Grid::new(shape.output),
        },
        gradient: Reading::of(gradient, shape.output),
        inner: shape.kernel[0] * blocks(shape.in_channels),
        outer: blocks(shape.out_channels),
    };
    assert_eq!(pass.input.map.blocks(), blocks(shape.in_channels));
    assert_eq!(pass.gradient.blocks(), pass.outer);
    if pass.input.grid.tiles() == 0 {
        return vec![0.0; gradient_len(shape)];
    }
    let length = AREA * pass.inner * pass.outer * LANES * LANES;
    if length * size_of::<f32>() > PART_GRADIENTS {
        return pass.joint_runs(shape);
    }
    weight_gradient(isa, &pass.parts(length), shape)
}

struct GradientPass<'a> {
    input: TransformedInput<'a>,
    gradient: Reading<'a>,
    inner: usize,
    outer: usize,
}

impl GradientPass<'_> {
    /// A fixed number of parts of the runs, each with gradients of its own.
    fn parts(&self, length: usize) -> Buffer {
        let tiles = self.input.grid.tiles();
        let room = run_length(self.inner, self.outer, tiles);
        let runs = tiles.div_ceil(room);
        let parts = PARTS.min(runs).max(1);
        let sizes = [self.inner, self.outer];
        let strides = sizes.map(|blocks| frequency_stride(blocks, room));
        let mut gradients: Vec<Buffer> = (0..parts)
            .into_par_iter()
            .map(|part| {
                let mut weights = Buffer::unspecified(length);
                let to = weights.as_mut_slice().as_mut_ptr();
                let (start, end) = (runs * part / parts, runs * (part + 1) / parts);
                with_scratch(strides.map(|stride| AREA * stride), |input, gradient| {
                    for number in start..end {
                        let run = self.input.nth_run(number, room);
                        for block in 0..self.inner {
                            self.input.gather(run, block, input, strides[0]);
                        }
                        for block in 0..self.outer {
                            self.gather_gradient(run, block, gradient, strides[1]);
                        }
                        let is_first = number == start;
                        self.multiply(run, input, gradient, strides, sizes, to, is_first);
                    }
                });
                weights
            })
            .collect();
        let mut sum = gradients.remove(0);
        sum.as_mut_slice()
            .par_chunks_mut(1 << 14)
            .enumerate()
            .for_each(|(chunk, sum)| {
                for part in &gradients {
                    let part = &part.as_slice()[chunk << 14..][..sum.len()];
                    sum.iter_mut()
                        .zip(part)
                        .for_each(|(sum, part)| *sum += part);
                }
            });
        sum
    }

    /// All threads work on one run, each on blocks of weights of its own. The gradient of a block's
    /// frequencies stays in the cache.
    fn joint_runs(&self, shape: &ConvShape) -> Vec<f32> {
        let tiles = self.input.grid.tiles();
        let room = joint_run_length(self.inner + self.outer, tiles);
        let strides = [self.inner, self.outer].map(|blocks| frequency_stride(blocks, room));
        let [mut input, mut gradient] = strides.map(|stride| Buffer::unspecified(AREA * stride));
        let (input, gradient) = (input.pointer(), gradient.pointer());
        let mut weights = vec![0.0; gradient_len(shape)];
        let group_len = rows_len(shape) * GROUP[1];
        for number in 0..tiles.div_ceil(room) {
            let run = self.input.nth_run(number, room);
            // SAFETY: the scratch has room for the run; each task has a block of its own.
            unsafe {
                (0..self.inner + self.outer)
                    .into_par_iter()
                    .for_each(|block| {
                        if let Some(block) = block.checked_sub(self.inner) {
                            self.gather_gradient(run, block, gradient.at(0), strides[1]);
                        } else {
                            self.input.gather(run, block, input.at(0), strides[0]);
                        }
                    });
            }
            let groups = weights.par_chunks_mut(group_len).enumerate();
            groups.for_each(|(group, rows)| {
                // SAFETY: both are complete by now.
                let maps = unsafe { [input.at(0), gradient.at(0)] };
                self.group(
                    run,
                    group * GROUP[1],
                    maps,
                    strides,
                    rows,
                    shape,
                    number > 0,
                );
            });
        }
        weights
    }

    /// Adds the gradient of the weights of up to `GROUP[1]` output blocks to their rows.
    fn group(
        &self,
        run: Run,
        first_outer: usize,
        [input, gradient]: [*mut f32; 2],
        strides: [usize; 2],
        rows: &mut [f32],
        shape: &ConvShape,
        is_sum: bool,
    ) {
        let outer = GROUP[1].min(self.outer - first_outer);
        let row = run.room * LANES;
        let gradient = gradient.wrapping_add(first_outer * row);
        let block_len = LANES * LANES;
        let room = AREA * GROUP[0] * GROUP[1] * block_len;
        with_scratch([room, 0], |frequencies, _| {
            for first in (0..self.inner).step_by(GROUP[0]) {
                let inner = GROUP[0].min(self.inner - first);
                let input = input.wrapping_add(first * row);
                self.multiply(
                    run,
                    input,
                    gradient,
                    strides,
                    [inner, outer],
                    frequencies,
                    true,
                );
                let block_rows = rows.chunks_mut(rows_len(shape));
                for (block, rows) in block_rows.enumerate() {
                    for index in 0..inner {
                        let from = frequencies.wrapping_add((block * inner + index) * block_len);
                        // SAFETY: the product has just been written for these blocks.
                        let restored = unsafe {
                            RestoredBlock::new(self.input.isa, from, inner * outer * block_len)
                        };
                        restored.store(rows, first + index, shape, is_sum);
                    }
                }
            }
        });
    }

    fn gather_gradient(&self, run: Run, block: usize, gradient: *mut f32, stride: usize) {
        // SAFETY: as for the input.
        unsafe {
            self.input.isa.run(GatherGradient {
                map: &self.gradient,
                grid: &self.input.grid,
                run,
                block,
                to: gradient.add(block * run.room * LANES),
                stride,
            });
        }
    }

    /// `sizes`: inner and output blocks.
    fn multiply(
        &self,
        run: Run,
        input: *const f32,
        gradient: *const f32,
        strides: [usize; 2],
        sizes: [usize; 2],
        weights: *mut f32,
        is_first: bool,
    ) {
        let [inner, outer] = sizes;
        // SAFETY: scratch and gradients have the sizes that the numbers of blocks say.
        unsafe {
            self.input.isa.run(MultiplyGradient {
                input,
                input_stride: strides[0],
                gradient,
                gradient_stride: strides[1],
                weights,
                weights_stride: inner * outer * LANES * LANES,
                run,
                inner,
                outer,
                is_first,
            });
        }
    }
}

/// Values of the weights of a block of output channels.
fn rows_len(shape: &ConvShape) -> usize {
    gradient_len(shape) / shape.out_channels * LANES
}
