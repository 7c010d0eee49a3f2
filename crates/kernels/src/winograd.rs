//! Convolutions of 3 x 3 pixels at stride 1 by Winograd's F(4 x 4, 3 x 3) (Lavin and Gray 2016,
//! "Fast algorithms for convolutional neural networks"), forward and both gradients.
//!
//! Four outputs along an axis cost six multiplications instead of twelve. A kernel of several planes
//! along Z is the sum of its planes: each is one more inner block of the products. The result differs
//! from a direct convolution by rounding, about four times as much as direct `f32` sums do.

mod grid;
mod tiles;
mod transform;
mod weights;

use std::cell::RefCell;

use rayon::prelude::*;

use crate::{Buffer, ConvShape, Epilogue, Isa, LANES, Source, blocks, maps::PartialMoments};
use grid::{Grid, Reading, Writing};
use tiles::{
    AREA, Finish, GatherGradient, GatherInput, Multiply, MultiplyGradient, Run, Scatter,
    ShiftedSums, frequency_stride,
};
use weights::{Direction, Weights};

/// Whether [`conv`] and its gradients can compute this convolution, and fast.
pub fn is_suited(shape: &ConvShape) -> bool {
    shape.kernel[1..] == [3, 3]
        && shape.stride == [1; 3]
        && shape.dilation == [1; 3]
        && shape.groups == 1
        && shape.padding[1] <= 2
        && shape.padding[2] <= 2
        && shape.padding[0] < shape.kernel[0]
        && shape.in_channels >= LANES
        && shape.out_channels >= LANES
}

/// Weights that are transformed once for many inputs.
pub struct PreparedWeights {
    isa: Isa,
    weights: Weights,
    channels: [usize; 2],
    kernel: [usize; 3],
}

impl PreparedWeights {
    /// Transforms the weights `[O, I, KZ, 3, 3]` of a convolution; the sizes of its maps do not matter.
    ///
    /// # Panics
    ///
    /// When [`is_suited`] is false, or the weights are not as many as the shape says.
    pub fn new(isa: Isa, weight: &[f32], shape: &ConvShape) -> Self {
        check(shape, weight);
        Self {
            isa,
            weights: Weights::new(isa, weight, shape, Direction::Forward),
            channels: [shape.in_channels, shape.out_channels],
            kernel: shape.kernel,
        }
    }
}

/// The convolution of a blocked map, blocked; with `with_moments` also the moments of each image and
/// block of the result, `[N, blocks]`.
///
/// # Panics
///
/// When [`is_suited`] is false, or the sizes of the values are not those of the shape.
pub fn conv(
    isa: Isa,
    sources: &[Source<'_>],
    weight: &[f32],
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
    with_moments: bool,
) -> (Buffer, Option<Vec<PartialMoments>>) {
    let prepared = PreparedWeights::new(isa, weight, shape);
    conv_prepared(sources, &prepared, epilogue, shape, with_moments)
}

/// [`conv`] with weights that were transformed before.
///
/// # Panics
///
/// As [`conv`], and when the weights are those of other channels or another kernel.
pub fn conv_prepared(
    sources: &[Source<'_>],
    prepared: &PreparedWeights,
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
    with_moments: bool,
) -> (Buffer, Option<Vec<PartialMoments>>) {
    assert!(
        is_suited(shape)
            && prepared.channels == [shape.in_channels, shape.out_channels]
            && prepared.kernel == shape.kernel,
        "the weights are not of the convolution {shape:?}"
    );
    let pass = Pass {
        isa: prepared.isa,
        input: Reading::of(sources, shape.input),
        size: shape.input.size,
        weights: &prepared.weights,
        padding: shape.padding,
        grid: Grid::new(shape.output),
        epilogue,
        out_channels: shape.out_channels,
    };
    let (mut buffers, moments) = pass.run(&[blocks(shape.out_channels)], with_moments);
    (buffers.swap_remove(0), moments)
}

/// The gradient of the input from that of the output, in buffers of the given numbers of blocks.
///
/// # Panics
///
/// As [`conv`].
pub fn conv_input_gradient(
    isa: Isa,
    gradient: &[Source<'_>],
    weight: &[f32],
    shape: &ConvShape,
    blocks_of_sources: &[usize],
) -> Vec<Buffer> {
    check(shape, weight);
    let weights = Weights::new(isa, weight, shape, Direction::Backward);
    let pass = Pass {
        isa,
        input: Reading::of(gradient, shape.output),
        size: shape.output.size,
        weights: &weights,
        padding: [0, 1, 2].map(|axis| shape.kernel[axis] - 1 - shape.padding[axis]),
        grid: Grid::new(shape.input),
        epilogue: Epilogue::default(),
        out_channels: shape.in_channels,
    };
    pass.run(blocks_of_sources, false).0
}

fn check(shape: &ConvShape, weight: &[f32]) {
    assert!(
        is_suited(shape),
        "not a convolution for Winograd: {shape:?}"
    );
    assert_eq!(
        weight.len(),
        shape.out_channels * shape.in_channels * shape.kernel.iter().product::<usize>(),
        "the weights are not as many as the shape says"
    );
}

/// One convolution, forward or backward.
struct Pass<'a> {
    isa: Isa,
    input: Reading<'a>,
    /// Sizes of the input.
    size: [usize; 3],
    weights: &'a Weights,
    padding: [usize; 3],
    grid: Grid,
    epilogue: Epilogue<'a>,
    out_channels: usize,
}

/// Bytes of transformed tiles that should stay in a core's second-level cache.
const CACHED_TILES: usize = 1 << 20;
/// Weights of this many bytes are better read once by all threads together than by each.
const SHARED_WEIGHTS: usize = 12 << 20;
/// Tiles of a run whose stages all threads share.
const SHARED_RUN: usize = 112;

thread_local! {
    static SCRATCH: RefCell<[Buffer; 2]> = RefCell::new([Buffer::zeros(0), Buffer::zeros(0)]);
}

/// Runs `work` with two scratch buffers of at least the given lengths.
fn with_scratch(lengths: [usize; 2], work: impl FnOnce(*mut f32, *mut f32)) {
    SCRATCH.with_borrow_mut(|scratch| {
        for (buffer, length) in scratch.iter_mut().zip(lengths) {
            if buffer.as_slice().len() < length {
                *buffer = Buffer::unspecified(length);
            }
        }
        let [first, second] = scratch;
        work(
            first.as_mut_slice().as_mut_ptr(),
            second.as_mut_slice().as_mut_ptr(),
        );
    });
}

/// Tiles of a run that one thread takes through all stages: as many as its cache holds, in whole
/// register tiles, and few enough that there are some runs for every thread.
fn run_length(inner: usize, outer: usize, tiles: usize) -> usize {
    let fits = CACHED_TILES / (AREA * LANES * size_of::<f32>() * (inner + outer));
    let shared = tiles.div_ceil(16);
    let most = fits.min(shared.next_multiple_of(14));
    (most / 14 * 14).clamp(14, 112).min(tiles.max(1))
}

impl Pass<'_> {
    fn run(
        &self,
        blocks: &[usize],
        with_moments: bool,
    ) -> (Vec<Buffer>, Option<Vec<PartialMoments>>) {
        assert_eq!(self.input.blocks() * self.depth(), self.weights.inner);
        assert_eq!(blocks.iter().sum::<usize>(), self.weights.outer);
        let bias = self.epilogue.bias.map(|bias| {
            assert_eq!(bias.len(), self.out_channels);
            let mut lanes = Buffer::zeros(self.weights.outer * LANES);
            lanes.as_mut_slice()[..bias.len()].copy_from_slice(bias);
            lanes
        });
        let bias = bias.as_ref().map(Buffer::as_slice);
        let mut moments = None;
        // Every pixel belongs to a tile, and every tile is written in each block.
        let buffers = {
            Writing::filled_by(blocks, self.grid.extent, |output| {
                let sums = if size_of_val(self.weights.values.as_slice()) > SHARED_WEIGHTS {
                    self.shared_runs(output, bias, with_moments)
                } else {
                    self.separate_runs(output, bias, with_moments)
                };
                if with_moments {
                    moments = Some(self.merge(&sums));
                }
            })
        };
        (buffers, moments)
    }

    fn depth(&self) -> usize {
        self.weights.inner / self.input.blocks()
    }

    /// Each run is one thread's, from the input to the output.
    fn separate_runs(
        &self,
        output: &Writing,
        bias: Option<&[f32]>,
        with_moments: bool,
    ) -> Vec<RunSums> {
        let &Weights { inner, outer, .. } = self.weights;
        let tiles = self.grid.tiles();
        let room = run_length(inner, outer, tiles);
        let strides = [inner, outer].map(|blocks| frequency_stride(blocks, room));
        (0..tiles.div_ceil(room))
            .into_par_iter()
            .map(|number| {
                let run = self.nth_run(number, room);
                let mut sums = self.run_sums(run, with_moments);
                with_scratch(strides.map(|stride| AREA * stride), |input, product| {
                    for block in 0..inner {
                        self.gather(run, block, input, strides[0]);
                    }
                    self.multiply(run, [0, AREA], input, product, strides);
                    for block in 0..outer {
                        let sums = sums.of(block);
                        self.scatter(run, block, product, strides[1], output, bias, sums);
                    }
                });
                sums
            })
            .collect()
    }

    /// All threads work on one run: its blocks, its frequencies, its blocks again. The weights of a
    /// frequency are then read by one thread only.
    fn shared_runs(
        &self,
        output: &Writing,
        bias: Option<&[f32]>,
        with_moments: bool,
    ) -> Vec<RunSums> {
        let &Weights { inner, outer, .. } = self.weights;
        let tiles = self.grid.tiles();
        let room = SHARED_RUN.min(tiles);
        let strides = [inner, outer].map(|blocks| frequency_stride(blocks, room));
        let [mut input, mut product] = strides.map(|stride| Buffer::unspecified(AREA * stride));
        let (input, product) = (input.pointer(), product.pointer());
        (0..tiles.div_ceil(room))
            .map(|number| {
                let run = self.nth_run(number, room);
                let mut sums = self.run_sums(run, with_moments);
                // SAFETY: the scratch has room for the run; each task has blocks or frequencies of
                // its own.
                unsafe {
                    (0..inner).into_par_iter().for_each(|block| {
                        self.gather(run, block, input.at(0), strides[0]);
                    });
                    (0..AREA).into_par_iter().for_each(|frequency| {
                        let frequencies = [frequency, frequency + 1];
                        self.multiply(run, frequencies, input.at(0), product.at(0), strides);
                    });
                    let scatter = |block: usize, sums: Option<&mut [ShiftedSums]>| {
                        self.scatter(run, block, product.at(0), strides[1], output, bias, sums);
                    };
                    match &mut sums.sums {
                        Some(all) => all
                            .par_chunks_mut(sums.images)
                            .enumerate()
                            .for_each(|(block, sums)| scatter(block, Some(sums))),
                        None => (0..outer)
                            .into_par_iter()
                            .for_each(|block| scatter(block, None)),
                    }
                }
                sums
            })
            .collect()
    }

    fn nth_run(&self, number: usize, room: usize) -> Run {
        let first = number * room;
        Run {
            first,
            count: room.min(self.grid.tiles() - first),
            room,
        }
    }

    fn gather(&self, run: Run, block: usize, input: *mut f32, stride: usize) {
        let (plane, channel_block) = (block / self.input.blocks(), block % self.input.blocks());
        let offset = [
            plane as isize - self.padding[0] as isize,
            -(self.padding[1] as isize),
            -(self.padding[2] as isize),
        ];
        // SAFETY: the scratch has room for the run's tiles of every inner block; the sources have
        // the sizes that `Reading::of` checked.
        unsafe {
            self.isa.run(GatherInput {
                map: &self.input,
                grid: &self.grid,
                run,
                block: channel_block,
                offset,
                size: self.size,
                to: input.add(block * run.room * LANES),
                stride,
            });
        }
    }

    fn multiply(
        &self,
        run: Run,
        frequencies: [usize; 2],
        input: *const f32,
        product: *mut f32,
        strides: [usize; 2],
    ) {
        // SAFETY: scratch and weights have the sizes that the numbers of blocks say.
        unsafe {
            self.isa.run(Multiply {
                input,
                input_stride: strides[0],
                weights: self.weights.values.as_slice().as_ptr(),
                weights_stride: self.weights.stride(),
                product,
                product_stride: strides[1],
                run,
                inner: self.weights.inner,
                outer: self.weights.outer,
                frequencies,
            });
        }
    }

    fn scatter(
        &self,
        run: Run,
        block: usize,
        product: *const f32,
        stride: usize,
        output: &Writing,
        bias: Option<&[f32]>,
        sums: Option<&mut [ShiftedSums]>,
    ) {
        let in_block = self.out_channels - block * LANES;
        let is_partial = in_block < LANES;
        let channels = std::array::from_fn(|lane| f32::from(u8::from(lane < in_block)));
        let finish = Finish {
            bias: bias.map(|bias| &bias[block * LANES..][..LANES]),
            activation: self.epilogue.activation,
            channels: is_partial.then_some(&channels),
        };
        // SAFETY: the scratch holds the run's products; the tiles of a run are no other run's.
        unsafe {
            self.isa.run(Scatter {
                from: product.add(block * run.room * LANES),
                stride,
                map: output,
                grid: &self.grid,
                run,
                block,
                finish,
                sums,
            });
        }
    }

    fn run_sums(&self, run: Run, with_moments: bool) -> RunSums {
        let first = self.grid.place(run.first).image;
        let images = self.grid.place(run.first + run.count - 1).image + 1 - first;
        RunSums {
            first,
            images,
            sums: with_moments.then(|| vec![ShiftedSums::EMPTY; images * self.weights.outer]),
        }
    }

    /// Adds the sums of all runs up in their order.
    fn merge(&self, runs: &[RunSums]) -> Vec<PartialMoments> {
        let outer = self.weights.outer;
        let mut moments = vec![PartialMoments::default(); self.grid.extent.n * outer];
        for run in runs {
            for (index, sums) in run.sums.iter().flatten().enumerate() {
                let (block, image) = (index / run.images, run.first + index % run.images);
                moments[image * outer + block].merge(&sums.moments());
            }
        }
        moments
    }
}

/// The sums of one run: of each block, of each image that the run touches.
struct RunSums {
    first: usize,
    images: usize,
    sums: Option<Vec<ShiftedSums>>,
}

impl RunSums {
    fn of(&mut self, block: usize) -> Option<&mut [ShiftedSums]> {
        let images = self.images;
        let sums = self.sums.as_mut()?;
        Some(&mut sums[block * images..][..images])
    }
}

/// Gradients of frequencies of this many bytes may be kept for each part of the work.
const PART_GRADIENTS: usize = 4 << 20;
/// Parts whose gradients are summed up, at most.
const PARTS: usize = 8;

/// The gradient of the weights, `[O, I, KZ, 3, 3]`.
///
/// # Panics
///
/// As [`conv`].
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
        isa,
        input: Reading::of(sources, shape.input),
        gradient: Reading::of(gradient, shape.output),
        size: shape.input.size,
        padding: shape.padding,
        grid: Grid::new(shape.output),
        inner: shape.kernel[0] * blocks(shape.in_channels),
        outer: blocks(shape.out_channels),
    };
    assert_eq!(pass.input.blocks(), blocks(shape.in_channels));
    assert_eq!(pass.gradient.blocks(), pass.outer);
    let mut frequencies = pass.run();
    weights::weight_gradient(isa, &mut frequencies, shape)
}

struct GradientPass<'a> {
    isa: Isa,
    input: Reading<'a>,
    gradient: Reading<'a>,
    size: [usize; 3],
    padding: [usize; 3],
    grid: Grid,
    inner: usize,
    outer: usize,
}

impl GradientPass<'_> {
    fn run(&self) -> Buffer {
        let length = AREA * self.inner * self.outer * LANES * LANES;
        if length * size_of::<f32>() > PART_GRADIENTS {
            self.shared_runs(length)
        } else {
            self.parts(length)
        }
    }

    /// A fixed number of parts of the runs, each with gradients of its own.
    fn parts(&self, length: usize) -> Buffer {
        let tiles = self.grid.tiles();
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
                        let run = self.nth_run(number, room);
                        for block in 0..self.inner {
                            self.gather(run, block, input, strides[0]);
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
        let tiles = self.grid.tiles();
        let room = SHARED_RUN.min(tiles);
        let strides = [self.inner, self.outer].map(|blocks| frequency_stride(blocks, room));
        let [mut input, mut gradient] = strides.map(|stride| Buffer::unspecified(AREA * stride));
        let (input, gradient) = (input.pointer(), gradient.pointer());
        let mut weights = Buffer::unspecified(length);
        let to = weights.pointer();
        for number in 0..tiles.div_ceil(room) {
            let run = self.nth_run(number, room);
            // SAFETY: the scratch has room for the run; each task has blocks or frequencies of its
            // own.
            unsafe {
                (0..self.inner + self.outer)
                    .into_par_iter()
                    .for_each(|block| {
                        if let Some(block) = block.checked_sub(self.inner) {
                            self.gather_gradient(run, block, gradient.at(0), strides[1]);
                        } else {
                            self.gather(run, block, input.at(0), strides[0]);
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

    fn nth_run(&self, number: usize, room: usize) -> Run {
        let first = number * room;
        Run {
            first,
            count: room.min(self.grid.tiles() - first),
            room,
        }
    }

    fn gather(&self, run: Run, block: usize, input: *mut f32, stride: usize) {
        let (plane, channel_block) = (block / self.input.blocks(), block % self.input.blocks());
        let offset = [
            plane as isize - self.padding[0] as isize,
            -(self.padding[1] as isize),
            -(self.padding[2] as isize),
        ];
        // SAFETY: as in the forward pass.
        unsafe {
            self.isa.run(GatherInput {
                map: &self.input,
                grid: &self.grid,
                run,
                block: channel_block,
                offset,
                size: self.size,
                to: input.add(block * run.room * LANES),
                stride,
            });
        }
    }

    fn gather_gradient(&self, run: Run, block: usize, gradient: *mut f32, stride: usize) {
        // SAFETY: as for the input.
        unsafe {
            self.isa.run(GatherGradient {
                map: &self.gradient,
                grid: &self.grid,
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
            self.isa.run(MultiplyGradient {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Extent;

    #[test]
    fn runs_fit_the_cache_and_the_map() {
        assert_eq!(run_length(2, 2, 4096), 112);
        assert_eq!(run_length(32, 32, 4096), 14);
        assert_eq!(run_length(2, 2, 5), 5);
        let grid = Grid::new(Extent {
            n: 2,
            size: [1, 5, 9],
        });
        assert_eq!(grid.tiles(), 2 * 2 * 3);
    }
}
