//! The gradient of the weights.

use rayon::prelude::*;

use crate::{Buffer, ConvShape, Isa, LANES, Source, blocks};

use super::{
    grid::{Grid, Reading},
    is_suited,
    runs::{SHARED_RUN, TransformedInput, run_length, with_scratch},
    tiles::{AREA, GatherGradient, MultiplyGradient, Run, frequency_stride},
    weights,
};

/// Gradients of frequencies of this many bytes may be kept for each part of the work.
const PART_GRADIENTS: usize = 4 << 20;
/// Parts whose gradients are summed up, at most.
const PARTS: usize = 8;

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
    let mut frequencies = pass.run();
    weights::weight_gradient(isa, &mut frequencies, shape)
}

struct GradientPass<'a> {
    input: TransformedInput<'a>,
    gradient: Reading<'a>,
    inner: usize,
    outer: usize,
}

impl GradientPass<'_> {
    fn run(&self) -> Buffer {
        let length = AREA * self.inner * self.outer * LANES * LANES;
        if self.input.grid.tiles() == 0 {
            return Buffer::zeros(length);
        }
        if length * size_of::<f32>() > PART_GRADIENTS {
            self.shared_runs(length)
        } else {
            self.parts(length)
        }
    }

    /// A fixed number of parts of the runs, each with gradients of its own.
    fn parts(&self, length: usize) -> Buffer {
        let tiles = self.input.grid.tiles();
        let room = run_length(self.inner, self.outer, tiles);
        let runs = tiles.div_ceil(room);
        let parts = PARTS.min(runs).max(1);
        let strides = [self.inner, self.outer].map(|blocks| frequency_stride(blocks, room));
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
                        self.multiply(run, [0, AREA], input, gradient, strides, to, is_first);
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

    /// All threads work on one run, each on frequencies of its own.
    fn shared_runs(&self, length: usize) -> Buffer {
        let tiles = self.input.grid.tiles();
        let room = SHARED_RUN.min(tiles);
        let strides = [self.inner, self.outer].map(|blocks| frequency_stride(blocks, room));
        let [mut input, mut gradient] = strides.map(|stride| Buffer::unspecified(AREA * stride));
        let (input, gradient) = (input.pointer(), gradient.pointer());
        let mut weights = Buffer::unspecified(length);
        let to = weights.pointer();
        for number in 0..tiles.div_ceil(room) {
            let run = self.input.nth_run(number, room);
            // SAFETY: the scratch has room for the run; each task has blocks or frequencies of its
            // own.
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
                (0..AREA).into_par_iter().for_each(|frequency| {
                    let frequencies = [frequency, frequency + 1];
                    let (input, gradient, to) = (input.at(0), gradient.at(0), to.at(0));
                    self.multiply(run, frequencies, input, gradient, strides, to, number == 0);
                });
            }
        }
        weights
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

    fn multiply(
        &self,
        run: Run,
        frequencies: [usize; 2],
        input: *const f32,
        gradient: *const f32,
        strides: [usize; 2],
        weights: *mut f32,
        is_first: bool,
    ) {
        // SAFETY: scratch and gradients have the sizes that the numbers of blocks say.
        unsafe {
            self.input.isa.run(MultiplyGradient {
                input,
                input_stride: strides[0],
                gradient,
                gradient_stride: strides[1],
                weights,
                weights_stride: self.inner * self.outer * LANES * LANES,
                run,
                inner: self.inner,
                outer: self.outer,
                frequencies,
                is_first,
            });
        }
    }
}
