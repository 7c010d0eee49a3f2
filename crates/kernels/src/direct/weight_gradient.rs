//! The driver of weight gradients.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use crate::simd::{Kernel, Simd};
use crate::{Buffer, Isa, LANES, blocks};

use super::accumulate::{MOST_TAPS, Patch, SumSteps, dense, depthwise, dot, with_taps};
use super::apply::Loops;
use super::grid::Grid;
use super::partition::{PixelForm, Region, Wanted, partition, ranges};
use super::planes::Planes;
use super::slab::{View, view};
use super::tile::{MOST_DOT_CHANNELS, tiles};

/// Bytes that the partial sums may take together.
const PARTIAL_SUMS: usize = 8 << 20;
/// Work items that keep many threads busy.
const ITEMS: usize = 16;
/// Pixels whose gradients, of two blocks, stay in the first-level cache while all taps and input
/// channels pass by.
const PATCH: usize = 128;

thread_local! {
    /// The input's and the gradient's, see the slab of the forward pass.
    static SLABS: RefCell<[Buffer; 2]> = RefCell::new([Buffer::zeros(0), Buffer::zeros(0)]);
}

/// The gradient of the weights of one group of a convolution.
pub(super) struct GradientJob<'a> {
    pub(super) isa: Isa,
    pub(super) loops: Loops,
    pub(super) input: Planes<'a>,
    pub(super) form: PixelForm,
    pub(super) gradient: Planes<'a>,
    /// Sixteen values a pixel, but for [`Loops::Dot`].
    pub(super) gradient_form: PixelForm,
    /// Of the forward pass.
    pub(super) grid: &'a Grid,
    pub(super) in_channels: usize,
    pub(super) out_channels: usize,
}

impl GradientJob<'_> {
    /// Output blocks that are computed together.
    fn width(&self) -> usize {
        match self.loops {
            Loops::Dense => self.isa.width(),
            Loops::Dot | Loops::Depthwise => 1,
        }
    }

    /// Sums of one group of output blocks: `[blocks, taps, step, width * 16]`, or
    /// `[blocks, taps, out_channels, 16]`, or `[taps, 16]`.
    fn group_len(&self) -> usize {
        let taps = self.grid.tap_count();
        match self.loops {
            Loops::Dense => self.form.blocks * taps * self.form.step * self.width() * LANES,
            Loops::Dot => self.form.blocks * taps * self.out_channels * LANES,
            Loops::Depthwise => taps * LANES,
        }
    }

    /// `[out_channels, in_channels, taps]`, or `[channels, taps]`.
    ///
    /// # Safety
    ///
    /// The processor must have the instruction set, and the maps the sizes of the grid.
    pub(super) unsafe fn run(&self) -> Vec<f32> {
        let groups = blocks(self.out_channels).div_ceil(self.width());
        let sums_bytes = groups * self.group_len() * size_of::<f32>();
        let parts = (PARTIAL_SUMS / sums_bytes).clamp(1, ITEMS);
        let wanted = Wanted {
            items: parts,
            groups: 1,
            work: groups * self.group_len(),
        };
        let grids = std::slice::from_ref(self.grid);
        let regions = partition(grids, self.gradient.extent.n, self.form, wanted).regions;
        let parts: Vec<_> = ranges(regions.len(), regions.len().div_ceil(parts).max(1)).collect();
        let splits = ITEMS.div_ceil(parts.len().max(1)).min(groups);
        let group_ranges: Vec<_> = ranges(groups, groups.div_ceil(splits)).collect();

        let count = group_ranges.len() * parts.len();
        let sums: Vec<Buffer> = (0..count)
            .into_par_iter()
            .map(|item| {
                let groups = &group_ranges[item / parts.len()];
                let part = parts[item % parts.len()].clone();
                // SAFETY: as the caller promises.
                unsafe { self.partial_sums(groups, &regions[part]) }
            })
            .collect();
        match self.loops {
            Loops::Dot => self.total_of_dot(&sums),
            Loops::Dense | Loops::Depthwise => self.total(&sums, &group_ranges),
        }
    }

    /// # Safety
    ///
    /// As [`Self::run`].
    unsafe fn partial_sums(&self, groups: &Range<usize>, regions: &[Region]) -> Buffer {
        let mut sums = Buffer::zeros(groups.len() * self.group_len());
        let identity = Grid::identity(self.gradient.extent.size);
        SLABS.with_borrow_mut(|[input_slab, gradient_slab]| {
            for region in regions {
                let input = view(&self.input, self.form, self.grid, region, input_slab);
                let gradient = view(
                    &self.gradient,
                    self.gradient_form,
                    &identity,
                    region,
                    gradient_slab,
                );
                let products = Products {
                    job: self,
                    input,
                    gradient,
                    counts: region.counts(),
                    groups: groups.clone(),
                    sums: sums.as_mut_slice(),
                };
                // SAFETY: the views hold all pixels of the region and the sums have room for all
                // groups; the rest is as the caller promises.
                unsafe { self.isa.run(products) };
            }
        });
        sums
    }

    /// Adds the partial sums, `[group ranges, parts]`, in order.
    fn total(&self, sums: &[Buffer], group_ranges: &[Range<usize>]) -> Vec<f32> {
        let taps: Vec<usize> = self.grid.taps().map(|(_, index)| index).collect();
        let parts = sums.len() / group_ranges.len();
        let width = self.width();
        let in_channels = match self.loops {
            Loops::Dense | Loops::Dot => self.in_channels,
            Loops::Depthwise => 1,
        };
        let kernel_len = in_channels * taps.len();
        let mut weight = vec![0.0; self.out_channels * kernel_len];
        let rows = weight.par_chunks_mut(LANES * kernel_len).enumerate();
        rows.for_each(|(block, weight)| {
            let group = block / width;
            let range = group_ranges
                .partition_point(|range| range.end <= group)
                .min(group_ranges.len() - 1);
            let sums = &sums[range * parts..][..parts];
            let first =
                (group - group_ranges[range].start) * self.group_len() + block % width * LANES;
            let group_width = width.min(blocks(self.out_channels) - group * width);
            for channel in 0..in_channels {
                for (tap, &index) in taps.iter().enumerate() {
                    let row = match self.loops {
                        Loops::Dense => {
                            let block = channel / self.form.lanes;
                            let lane = channel % self.form.lanes;
                            (block * taps.len() + tap) * self.form.step + lane
                        }
                        Loops::Dot | Loops::Depthwise => tap,
                    };
                    let mut total = [0.0f64; LANES];
                    for part in sums {
                        let values = &part.as_slice()[first + row * group_width * LANES..];
                        for (total, &value) in total.iter_mut().zip(values) {
                            *total += f64::from(value);
                        }
                    }
                    let places = weight.chunks_exact_mut(kernel_len);
                    for (kernel, total) in places.zip(total) {
                        kernel[channel * taps.len() + index] = total as f32;
                    }
                }
            }
        });
        weight
    }

    /// [`Self::total`] for [`Loops::Dot`].
    fn total_of_dot(&self, sums: &[Buffer]) -> Vec<f32> {
        let taps: Vec<usize> = self.grid.taps().map(|(_, index)| index).collect();
        let mut weight = vec![0.0; self.out_channels * self.in_channels * taps.len()];
        for (row, kernel) in weight.chunks_exact_mut(taps.len()).enumerate() {
            let (out, channel) = (row / self.in_channels, row % self.in_channels);
            for (tap, &index) in taps.iter().enumerate() {
                let term = channel / LANES * taps.len() + tap;
                let place = (term * self.out_channels + out) * LANES + channel % LANES;
                let values = sums.iter().map(|part| f64::from(part.as_slice()[place]));
                kernel[index] = values.sum::<f64>() as f32;
            }
        }
        weight
    }
}

/// One region of a work item.
struct Products<'a> {
    job: &'a GradientJob<'a>,
    input: View,
    gradient: View,
    counts: [usize; 3],
    groups: Range<usize>,
    sums: &'a mut [f32],
}

impl Kernel for Products<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        // SAFETY: as the caller promises.
        unsafe {
            match (self.job.loops, self.job.form.step) {
                (Loops::Depthwise, _) => self.depthwise::<S>(),
                (Loops::Dot, _) => match self.job.out_channels {
                    1 => self.dot::<S, 1, 1>(),
                    2 => self.dot::<S, 2, 2>(),
                    3 => self.dot::<S, 3, 4>(),
                    _ => self.dot::<S, MOST_DOT_CHANNELS, 4>(),
                },
                (Loops::Dense, 1) => self.dense::<S, 1, 1>(),
                (Loops::Dense, 2) => self.dense::<S, 2, 2>(),
                (Loops::Dense, 4) => self.dense::<S, 4, 4>(),
                (Loops::Dense, 8) if S::GRADIENT_ROWS >= 8 => self.dense::<S, 8, 8>(),
                (Loops::Dense, 8) => self.dense::<S, 8, 4>(),
                (Loops::Dense, _) if S::GRADIENT_ROWS >= 8 => self.dense::<S, 16, 8>(),
                (Loops::Dense, _) => self.dense::<S, 16, 4>(),
            }
        }
    }
}

/// A patch, and where its pixels begin in the views.
struct Placed {
    patch: Patch,
    input: usize,
    gradient: usize,
}

impl Products<'_> {
    fn patches(&self) -> Vec<Placed> {
        let [planes, rows, columns] = self.counts;
        let mut patches = Vec::new();
        for z in 0..planes {
            for (first, width) in tiles(columns, PATCH) {
                for (y, height) in tiles(rows, (PATCH / width).max(1)) {
                    patches.push(Placed {
                        patch: Patch {
                            rows: height,
                            columns: width,
                            input_row: self.input.row_step,
                            gradient_row: self.gradient.row_step,
                        },
                        input: z * self.input.plane_step
                            + y * self.input.row_step
                            + first * self.job.form.step,
                        gradient: z * self.gradient.plane_step
                            + y * self.gradient.row_step
                            + first * self.job.gradient_form.step,
                    });
                }
            }
        }
        patches
    }

    /// `R` input channels at once, of pixels of `STEP` values.
    ///
    /// # Safety
    ///
    /// As [`Kernel::run`].
    #[inline(always)]
    unsafe fn dense<S: Simd, const STEP: usize, const R: usize>(&mut self) {
        let out_blocks = blocks(self.job.out_channels);
        let group_len = self.job.group_len();
        let patches = self.patches();
        for (index, group) in self.groups.clone().enumerate() {
            let first_block = group * S::WIDTH;
            let width = S::WIDTH.min(out_blocks - first_block);
            let sums = self.sums[index * group_len..][..group_len].as_mut_ptr();
            let gradients = &self.gradient.terms[first_block..][..width];
            for placed in &patches {
                // SAFETY: as the caller promises.
                unsafe {
                    if width == 2 {
                        self.group::<S, STEP, R, 2>(placed, gradients, sums);
                    } else {
                        self.group::<S, STEP, R, 1>(placed, gradients, sums);
                    }
                }
            }
        }
    }

    /// All taps and input channels of a group of `W` output blocks.
    ///
    /// # Safety
    ///
    /// As [`Kernel::run`].
    #[inline(always)]
    unsafe fn group<S: Simd, const STEP: usize, const R: usize, const W: usize>(
        &self,
        placed: &Placed,
        gradients: &[*const f32],
        sums: *mut f32,
    ) {
        let PixelForm { lanes, blocks, .. } = self.job.form;
        let taps = self.input.terms.len() / blocks;
        let steps = SumSteps {
            tap: STEP * W * LANES,
            lane: W * LANES,
            block: LANES,
        };
        let most = (S::GRADIENT_ROWS / R).clamp(1, MOST_TAPS);
        let mut gradient: [*const f32; W] = [std::ptr::null(); W];
        for (to, from) in gradient.iter_mut().zip(gradients) {
            *to = from.wrapping_add(placed.gradient);
        }
        for block in 0..blocks {
            let terms = &self.input.terms[block * taps..][..taps];
            for (first, count) in tiles(taps, most) {
                for lane in (0..lanes).step_by(R) {
                    let mut inputs: [*const f32; 8] = [std::ptr::null(); MOST_TAPS];
                    for (to, from) in inputs.iter_mut().zip(&terms[first..][..count]) {
                        *to = from.wrapping_add(placed.input + lane);
                    }
                    // SAFETY: as the caller promises; lanes up to `STEP` can be read and have room
                    // in the sums.
                    unsafe {
                        let sums = sums.add((block * taps + first) * steps.tap + lane * W * LANES);
                        let patch = placed.patch;
                        with_taps!(
                            count,
                            S::GRADIENT_ROWS / R,
                            dense::<S, R, STEP, W>(&inputs, &gradient, patch, sums, steps)
                        );
                    }
                }
            }
        }
    }

    /// `R` output channels, of pixels of `STEP` values.
    ///
    /// # Safety
    ///
    /// As [`Kernel::run`].
    #[inline(always)]
    unsafe fn dot<S: Simd, const R: usize, const STEP: usize>(&mut self) {
        let most = (S::GRADIENT_ROWS * S::WIDTH / R).clamp(1, MOST_TAPS);
        for placed in self.patches() {
            let gradient = self.gradient.terms[0].wrapping_add(placed.gradient);
            for (first, count) in tiles(self.input.terms.len(), most) {
                let mut inputs: [*const f32; MOST_TAPS] = [std::ptr::null(); MOST_TAPS];
                for (to, from) in inputs.iter_mut().zip(&self.input.terms[first..][..count]) {
                    *to = from.wrapping_add(placed.input);
                }
                let sums = self.sums[first * R * LANES..].as_mut_ptr();
                let patch = placed.patch;
                // SAFETY: as the caller promises.
                unsafe {
                    with_taps!(
                        count,
                        S::GRADIENT_ROWS * S::WIDTH / R,
                        dot::<S, R, STEP>(&inputs, gradient, patch, sums)
                    );
                }
            }
        }
    }

    /// # Safety
    ///
    /// As [`Kernel::run`].
    #[inline(always)]
    unsafe fn depthwise<S: Simd>(&mut self) {
        let taps = self.input.terms.len() / self.job.form.blocks;
        let patches = self.patches();
        let sums_of_blocks = self.sums.chunks_exact_mut(taps * LANES);
        for (block, sums) in self.groups.clone().zip(sums_of_blocks) {
            let terms = &self.input.terms[block * taps..][..taps];
            for placed in &patches {
                let gradient = self.gradient.terms[block].wrapping_add(placed.gradient);
                for (first, count) in tiles(taps, S::GRADIENT_ROWS.min(MOST_TAPS)) {
                    let mut inputs: [*const f32; 8] = [std::ptr::null(); MOST_TAPS];
                    for (to, from) in inputs.iter_mut().zip(&terms[first..][..count]) {
                        *to = from.wrapping_add(placed.input);
                    }
                    let sums = sums[first * LANES..].as_mut_ptr();
                    let patch = placed.patch;
                    // SAFETY: as the caller promises.
                    unsafe {
                        with_taps!(
                            count,
                            S::GRADIENT_ROWS,
                            depthwise::<S>(&inputs, gradient, patch, sums)
                        );
                    }
                }
            }
        }
    }
}
