//! One convolution of a map, forward or backward, run by run.

use std::ops::Range;

use rayon::prelude::*;

use crate::{Buffer, Epilogue, LANES, maps::PartialMoments};

use super::{
    grid::Writing,
    runs::{TransformedInput, joint_run_length, run_length, with_scratch},
    tiles::{AREA, Finish, Multiply, Run, Scatter, ShiftedSums, frequency_stride},
    weights::{Panel, PlainWeights, Weights, panel_len, transformed_panel},
};

/// One convolution, forward or backward.
pub(super) struct Pass<'a> {
    pub(super) input: TransformedInput<'a>,
    pub(super) weights: PassWeights<'a>,
    pub(super) epilogue: Epilogue<'a>,
    pub(super) out_channels: usize,
}

/// Transformed weights of this many bytes are not kept, but made where they are multiplied: writing
/// and reading them would take longer. All threads then work on the same run, each on output blocks of
/// its own.
const LARGE_WEIGHTS: usize = 8 << 20;
/// Output blocks of such a piece of work, of every instruction set.
const GROUP: usize = 2;
/// Inner blocks whose weights are made at once, so that they stay in the cache.
const CHUNK: usize = 4;

/// Weights as they are, or transformed.
pub(super) enum PassWeights<'a> {
    Plain(PlainWeights<'a>),
    Transformed(&'a Weights),
}

impl PassWeights<'_> {
    /// Runs `work` with these weights, transformed unless they are large.
    pub(super) fn with<R>(plain: PlainWeights<'_>, work: impl FnOnce(PassWeights<'_>) -> R) -> R {
        if plain.transformed_size() > LARGE_WEIGHTS {
            work(PassWeights::Plain(plain))
        } else {
            work(PassWeights::Transformed(&Weights::new(&plain)))
        }
    }

    fn inner(&self) -> usize {
        match self {
            Self::Plain(weights) => weights.inner,
            Self::Transformed(weights) => weights.inner,
        }
    }

    fn outer(&self) -> usize {
        match self {
            Self::Plain(weights) => weights.outer,
            Self::Transformed(weights) => weights.outer,
        }
    }
}

impl Pass<'_> {
    /// The buffers of the result and the moments of each image and block.
    pub(super) fn run(
        &self,
        blocks: &[usize],
        with_moments: bool,
    ) -> (Vec<Buffer>, Option<Vec<PartialMoments>>) {
        assert_eq!(self.weights.inner() % self.input.map.blocks(), 0);
        assert_eq!(blocks.iter().sum::<usize>(), self.weights.outer());
        let bias = self.epilogue.bias.map(|bias| {
            assert_eq!(bias.len(), self.out_channels);
            let mut lanes = Buffer::zeros(self.weights.outer() * LANES);
            lanes.as_mut_slice()[..bias.len()].copy_from_slice(bias);
            lanes
        });
        let bias = bias.as_ref().map(Buffer::as_slice);
        let mut moments = None;
        // Every pixel belongs to a tile, and every tile is written in each block.
        let buffers = Writing::filled_by(blocks, self.input.grid.extent, |output| {
            let sums = match self.weights {
                PassWeights::Transformed(weights) if weights.size() <= LARGE_WEIGHTS => {
                    self.separate_runs(weights, output, bias, with_moments)
                }
                _ => self.joint_runs(output, bias, with_moments),
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
        weights: &Weights,
        output: &Writing,
        bias: Option<&[f32]>,
        with_moments: bool,
    ) -> Vec<RunSums> {
        let &Weights { inner, outer, .. } = weights;
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
                    self.multiply(
                        run,
                        input,
                        product,
                        strides,
                        weights.panel(0),
                        [inner, outer],
                        false,
                    );
                    for block in 0..outer {
                        let sums = sums.of(block);
                        let product = product.wrapping_add(block * run.room * LANES);
                        self.scatter(run, block, product, strides[1], output, bias, sums);
                    }
                });
                sums
            })
            .collect()
    }

    /// All threads work on one run: first on its inner blocks, then on its output blocks, whose
    /// weights are thus used by one thread only.
    fn joint_runs(
        &self,
        output: &Writing,
        bias: Option<&[f32]>,
        with_moments: bool,
    ) -> Vec<RunSums> {
        let (inner, outer) = (self.weights.inner(), self.weights.outer());
        let tiles = self.input.grid.tiles();
        let room = joint_run_length(inner, tiles);
        let stride = frequency_stride(inner, room);
        let mut input = Buffer::unspecified(AREA * stride);
        let input = input.pointer();
        (0..tiles.div_ceil(room))
            .map(|number| {
                let run = self.input.nth_run(number, room);
                let mut sums = self.run_sums(run, with_moments);
                (0..inner).into_par_iter().for_each(|block| {
                    // SAFETY: the scratch has room for the run; each task has a block of its own.
                    self.input
                        .gather(run, block, unsafe { input.at(0) }, stride);
                });
                let images = sums.images;
                let sums_of_groups = match &mut sums.sums {
                    Some(all) => all.chunks_mut(images * GROUP).map(Some).collect(),
                    None => Vec::new(),
                };
                let mut groups: Vec<_> = (0..outer.div_ceil(GROUP)).map(|_| None).collect();
                for (group, sums) in groups.iter_mut().zip(sums_of_groups) {
                    *group = sums;
                }
                groups
                    .into_par_iter()
                    .enumerate()
                    .for_each(|(group, sums)| {
                        let blocks = group * GROUP..outer.min((group + 1) * GROUP);
                        // SAFETY: as above, and the input is complete by now.
                        let input = unsafe { input.at(0) };
                        self.group(run, blocks, input, stride, output, bias, sums);
                    });
                sums
            })
            .collect()
    }

    /// Some output blocks of a run whose input is transformed.
    fn group(
        &self,
        run: Run,
        blocks: Range<usize>,
        input: *const f32,
        stride: usize,
        output: &Writing,
        bias: Option<&[f32]>,
        mut sums: Option<&mut [ShiftedSums]>,
    ) {
        let inner = self.weights.inner();
        let width = self.input.isa.width().min(blocks.len());
        let product_stride = frequency_stride(blocks.len(), run.room);
        let panel_room = match self.weights {
            PassWeights::Plain(_) => panel_len(blocks.len(), CHUNK),
            PassWeights::Transformed(_) => 0,
        };
        let row = run.room * LANES;
        with_scratch([panel_room, AREA * product_stride], |panel, product| {
            for first in (0..inner).step_by(CHUNK) {
                let chunk = first..inner.min(first + CHUNK);
                let panel = match &self.weights {
                    // SAFETY: the scratch has room for a chunk of the blocks.
                    PassWeights::Plain(plain) => unsafe {
                        transformed_panel(plain, blocks.clone(), chunk.clone(), panel)
                    },
                    PassWeights::Transformed(weights) => {
                        weights.panel(blocks.start).starting_at(first, width)
                    }
                };
                let sizes = [chunk.len(), blocks.len()];
                let strides = [stride, product_stride];
                let input = input.wrapping_add(first * row);
                self.multiply(run, input, product, strides, panel, sizes, first > 0);
            }
            for (index, block) in blocks.clone().enumerate() {
                let images = sums.as_ref().map_or(0, |sums| sums.len() / blocks.len());
                let sums = sums
                    .as_mut()
                    .map(|sums| &mut sums[index * images..][..images]);
                let product = product.wrapping_add(index * row);
                self.scatter(run, block, product, product_stride, output, bias, sums);
            }
        });
    }

    /// `sizes`: inner and output blocks.
    fn multiply(
        &self,
        run: Run,
        input: *const f32,
        product: *mut f32,
        strides: [usize; 2],
        weights: Panel,
        sizes: [usize; 2],
        is_sum: bool,
    ) {
        // SAFETY: scratch and weights have the sizes that the numbers of blocks say.
        unsafe {
            self.input.isa.run(Multiply {
                input,
                input_stride: strides[0],
                weights,
                product,
                product_stride: strides[1],
                run,
                inner: sizes[0],
                outer: sizes[1],
                is_sum,
            });
        }
    }

    /// Transforms one output block of a run back; `product` is where the block's tiles begin.
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
                from: product,
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
            sums: with_moments.then(|| vec![ShiftedSums::EMPTY; images * self.weights.outer()]),
        }
    }

    /// Adds the sums of all runs up in their order.
    fn merge(&self, runs: &[RunSums]) -> Vec<PartialMoments> {
        let outer = self.weights.outer();
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
