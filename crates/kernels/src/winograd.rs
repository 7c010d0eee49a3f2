//! Convolutions of 3 x 3 pixels at stride 1 by Winograd's F(4 x 4, 3 x 3) (Lavin and Gray 2016,
//! "Fast algorithms for convolutional neural networks"), forward and both gradients.
//!
//! Four outputs along an axis cost six multiplications instead of twelve. A kernel of several planes
//! along Z is the sum of its planes: each is one more inner block of the products. The result differs
//! from a direct convolution by rounding, about four times as much as direct `f32` sums do.

mod gradient;
mod grid;
mod runs;
mod tiles;
mod transform;
mod weights;

use rayon::prelude::*;

use crate::{Buffer, ConvShape, Epilogue, Isa, LANES, Source, blocks, maps::PartialMoments};
pub use gradient::conv_weight_gradient;
use grid::{Grid, Reading, Writing};
use runs::{SHARED_RUN, TransformedInput, run_length, with_scratch};
use tiles::{AREA, Finish, Multiply, Run, Scatter, ShiftedSums, frequency_stride};
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
        input: TransformedInput {
            isa: prepared.isa,
            map: Reading::of(sources, shape.input),
            size: shape.input.size,
            padding: shape.padding,
            grid: Grid::new(shape.output),
        },
        weights: &prepared.weights,
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
        input: TransformedInput {
            isa,
            map: Reading::of(gradient, shape.output),
            size: shape.output.size,
            padding: [0, 1, 2].map(|axis| shape.kernel[axis] - 1 - shape.padding[axis]),
            grid: Grid::new(shape.input),
        },
        weights: &weights,
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
    input: TransformedInput<'a>,
    weights: &'a Weights,
    epilogue: Epilogue<'a>,
    out_channels: usize,
}

/// Weights of this many bytes are better read once by all threads together than by each.
const SHARED_WEIGHTS: usize = 12 << 20;
impl Pass<'_> {
    fn run(
        &self,
        blocks: &[usize],
        with_moments: bool,
    ) -> (Vec<Buffer>, Option<Vec<PartialMoments>>) {
        assert_eq!(self.weights.inner % self.input.map.blocks(), 0);
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
        let buffers = Writing::filled_by(blocks, self.input.grid.extent, |output| {
            let sums = if size_of_val(self.weights.values.as_slice()) > SHARED_WEIGHTS {
                self.shared_runs(output, bias, with_moments)
            } else {
                self.separate_runs(output, bias, with_moments)
            };
            if with_moments {
                moments = Some(self.merge(&sums));
            }
        });
        (buffers, moments)
    }

    /// Each run is one thread's, from the input to the output.
    fn separate_runs(
        &self,
        output: &Writing,
        bias: Option<&[f32]>,
        with_moments: bool,
    ) -> Vec<RunSums> {
        let &Weights { inner, outer, .. } = self.weights;
        let tiles = self.input.grid.tiles();
        let room = run_length(inner, outer, tiles);
        let strides = [inner, outer].map(|blocks| frequency_stride(blocks, room));
        (0..tiles.div_ceil(room))
            .into_par_iter()
            .map(|number| {
                let run = self.input.nth_run(number, room);
                let mut sums = self.run_sums(run, with_moments);
                with_scratch(strides.map(|stride| AREA * stride), |input, product| {
                    for block in 0..inner {
                        self.input.gather(run, block, input, strides[0]);
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
        let tiles = self.input.grid.tiles();
        let room = SHARED_RUN.min(tiles);
        let strides = [inner, outer].map(|blocks| frequency_stride(blocks, room));
        let [mut input, mut product] = strides.map(|stride| Buffer::unspecified(AREA * stride));
        let (input, product) = (input.pointer(), product.pointer());
        (0..tiles.div_ceil(room))
            .map(|number| {
                let run = self.input.nth_run(number, room);
                let mut sums = self.run_sums(run, with_moments);
                // SAFETY: the scratch has room for the run; each task has blocks or frequencies of
                // its own.
                unsafe {
                    (0..inner).into_par_iter().for_each(|block| {
                        self.input.gather(run, block, input.at(0), strides[0]);
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
            self.input.isa.run(Multiply {
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
            self.input.isa.run(Scatter {
                from: product.add(block * run.room * LANES),
                stride,
                map: output,
                grid: &self.input.grid,
                run,
                block,
                finish,
                sums,
            });
        }
    }

    fn run_sums(&self, run: Run, with_moments: bool) -> RunSums {
        let first = self.input.grid.place(run.first).image;
        let images = self.input.grid.place(run.first + run.count - 1).image + 1 - first;
        RunSums {
            first,
            images,
            sums: with_moments.then(|| vec![ShiftedSums::EMPTY; images * self.weights.outer]),
        }
    }

    /// Adds the sums of all runs up in their order.
    fn merge(&self, runs: &[RunSums]) -> Vec<PartialMoments> {
        let outer = self.weights.outer;
        let mut moments = vec![PartialMoments::default(); self.input.grid.extent.n * outer];
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
