//! The driver of forward passes and input gradients, which differ in their grids only.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use crate::simd::{Kernel, Simd};
use crate::{Buffer, Isa, LANES, blocks};

use super::finish::{Finish, Run};
use super::grid::Grid;
use super::partition::{PixelForm, Region, Wanted, partition};
use super::planes::{Destination, Planes};
use super::slab::{View, view};
use super::tile::{
    MOST_DOT_CHANNELS, MOST_PIXELS, MOST_WIDTH, Sums, dense, depthwise, dot, tiles, with_pixels,
};

/// Work items that keep many threads busy.
const ITEMS: usize = 64;

thread_local! {
    /// One for each thread, because fresh memory costs more than the copy into it.
    static SLAB: RefCell<Buffer> = RefCell::new(Buffer::zeros(0));
}

/// How the channels of the input make those of the output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    /// Every one depends on every other.
    Dense,
    /// Every one depends on its own.
    Depthwise,
}

/// The loops that compute a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loops {
    /// [`dense`].
    Dense,
    /// [`dot`], for few channels of the output and blocks of the input.
    Dot,
    /// [`depthwise`].
    Depthwise,
}

impl Loops {
    pub(super) fn of(product: Product, input: &Planes<'_>, out_channels: usize) -> Self {
        match product {
            Product::Dense if input.lanes == LANES && out_channels <= MOST_DOT_CHANNELS => {
                Self::Dot
            }
            Product::Dense => Self::Dense,
            Product::Depthwise => Self::Depthwise,
        }
    }
}

/// A convolution without its destination.
pub(super) struct Job<'a> {
    pub(super) isa: Isa,
    pub(super) loops: Loops,
    pub(super) input: Planes<'a>,
    pub(super) form: PixelForm,
    pub(super) grids: &'a [Grid],
    /// Packed, for each grid.
    pub(super) weights: Vec<Buffer>,
    pub(super) finish: Finish,
    pub(super) out_channels: usize,
}

impl Job<'_> {
    fn out_blocks(&self) -> usize {
        blocks(self.out_channels)
    }

    /// Output blocks that are computed together.
    fn width(&self) -> usize {
        match self.loops {
            Loops::Dense => self.isa.width(),
            Loops::Dot | Loops::Depthwise => 1,
        }
    }

    /// Writes every pixel of `destination`.
    ///
    /// # Safety
    ///
    /// The processor must have the instruction set. The weights must be those of the grids, form
    /// and width, and the destination have `out_channels` channels and all
    /// pixels of the grids.
    pub(super) unsafe fn run(&self, destination: &Destination) {
        let groups = self.out_blocks().div_ceil(self.width());
        let terms = self.grids.iter().map(Grid::tap_count).max().unwrap_or(0);
        let work = match self.loops {
            Loops::Dense => terms * self.form.blocks * self.form.lanes * self.width() * LANES,
            Loops::Dot => terms * self.form.blocks * LANES * self.out_channels,
            // A vector of products costs a load besides the multiply-add.
            Loops::Depthwise => terms * 2 * LANES,
        };
        let images = destination.extent.n;
        let wanted = Wanted {
            items: ITEMS,
            groups,
            work,
        };
        let parts = partition(self.grids, images, self.form, wanted);
        parts.regions.par_iter().for_each(|region| {
            parts.groups.par_iter().for_each(|groups| {
                SLAB.with_borrow_mut(|slab| {
                    let grid = &self.grids[region.grid];
                    let view = view(&self.input, self.form, grid, region, slab);
                    let strips = Strips {
                        job: self,
                        view: &view,
                        region,
                        groups: groups.clone(),
                        destination,
                    };
                    // SAFETY: the view holds all pixels of the region, and no other item has its
                    // grid points and groups; the rest is as the caller promises.
                    unsafe { self.isa.run(strips) };
                });
            });
        });
    }
}

/// One work item.
struct Strips<'a> {
    job: &'a Job<'a>,
    view: &'a View,
    region: &'a Region,
    groups: Range<usize>,
    destination: &'a Destination,
}

impl Kernel for Strips<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: as the caller promises.
        unsafe {
            match (self.job.loops, self.job.form.step) {
                (Loops::Depthwise, _) => self.depthwise::<S>(),
                (Loops::Dot, _) => match self.job.out_channels {
                    1 => self.dot::<S, 1>(),
                    2 => self.dot::<S, 2>(),
                    3 => self.dot::<S, 3>(),
                    _ => self.dot::<S, MOST_DOT_CHANNELS>(),
                },
                (Loops::Dense, 1) => self.dense::<S, 1>(),
                (Loops::Dense, 2) => self.dense::<S, 2>(),
                (Loops::Dense, 4) => self.dense::<S, 4>(),
                (Loops::Dense, 8) => self.dense::<S, 8>(),
                (Loops::Dense, _) => self.dense::<S, 16>(),
            }
        }
    }
}

impl Strips<'_> {
    /// # Safety
    ///
    /// As [`Kernel::run`].
    #[inline(always)]
    unsafe fn dense<S: Simd, const STEP: usize>(&self) {
        let terms = &self.view.terms[..];
        let lanes = self.job.form.lanes;
        let packed = self.job.weights[self.region.grid].as_slice().as_ptr();
        for group in self.groups.clone() {
            let first_block = group * S::WIDTH;
            let width = S::WIDTH.min(self.job.out_blocks() - first_block);
            // SAFETY: as the caller promises.
            unsafe {
                let weights = packed.add(first_block * LANES * terms.len() * lanes);
                let factors = Factors { terms, weights };
                if width == 2 {
                    self.tiles::<S, _>(first_block, 2, &DenseTile::<STEP, 2> { factors, lanes });
                } else {
                    self.tiles::<S, _>(first_block, 1, &DenseTile::<STEP, 1> { factors, lanes });
                }
            }
        }
    }

    /// # Safety
    ///
    /// As [`Kernel::run`].
    #[inline(always)]
    unsafe fn dot<S: Simd, const CHANNELS: usize>(&self) {
        let factors = Factors {
            terms: &self.view.terms,
            weights: self.job.weights[self.region.grid].as_slice().as_ptr(),
        };
        // SAFETY: as the caller promises.
        unsafe { self.tiles::<S, _>(0, 1, &DotTile::<CHANNELS>(factors)) };
    }

    /// # Safety
    ///
    /// As [`Kernel::run`].
    #[inline(always)]
    unsafe fn depthwise<S: Simd>(&self) {
        let packed = self.job.weights[self.region.grid].as_slice().as_ptr();
        let taps = self.view.terms.len() / self.job.form.blocks;
        for block in self.groups.clone() {
            let terms = &self.view.terms[block * taps..][..taps];
            // SAFETY: as the caller promises.
            unsafe {
                let weights = packed.add(block * taps * LANES);
                self.tiles::<S, _>(block, 1, &DepthwiseTile(Factors { terms, weights }));
            }
        }
    }

    /// Goes through the tiles of the region and stores their sums as `width` blocks from
    /// `first_block` on.
    ///
    /// # Safety
    ///
    /// As [`Kernel::run`].
    #[inline(always)]
    unsafe fn tiles<S: Simd, T: Tile>(&self, first_block: usize, width: usize, tile: &T) {
        const { assert!(S::TILE <= MOST_PIXELS && S::WIDTH <= MOST_WIDTH) };
        let grid = &self.job.grids[self.region.grid];
        let [planes, rows, columns] = self.region.counts();
        let [first_z, first_y, first_x] = self.region.first();
        let size = self.destination.extent.size;
        let mut sums = Sums([[[0.0; LANES]; MOST_PIXELS]; MOST_WIDTH]);
        for z in 0..planes {
            for y in 0..rows {
                let shift = z * self.view.plane_step + y * self.view.row_step;
                for (x, pixels) in tiles(columns, T::pixels::<S>()) {
                    let run = Run {
                        image: self.region.image,
                        first_pixel: grid.pixel([first_z + z, first_y + y, first_x + x], size),
                        step: grid.axes[2].step,
                        count: pixels,
                    };
                    // SAFETY: the block exists and the pixels are those of the region, which no
                    // other item has.
                    unsafe {
                        tile.compute::<S>(shift + x * self.job.form.step, pixels, &mut sums);
                        self.job.finish.store::<S>(
                            &mut sums,
                            first_block,
                            width,
                            self.destination,
                            run,
                        );
                    }
                }
            }
        }
    }
}

/// What a tile multiplies.
#[derive(Clone, Copy)]
struct Factors<'a> {
    terms: &'a [*const f32],
    weights: *const f32,
}

/// A trait rather than a closure, because only functions can be forced to be inlined.
trait Tile {
    /// The most pixels whose sums fit the registers.
    #[inline(always)]
    fn pixels<S: Simd>() -> usize {
        S::TILE
    }

    /// Computes the sums of `pixels` pixels.
    ///
    /// # Safety
    ///
    /// As [`dense`], [`dot`] and [`depthwise`]; `pixels` must be in `1..=Self::pixels::<S>()`.
    unsafe fn compute<S: Simd>(&self, shift: usize, pixels: usize, sums: &mut Sums);
}

struct DenseTile<'a, const STEP: usize, const W: usize> {
    factors: Factors<'a>,
    lanes: usize,
}

impl<const STEP: usize, const W: usize> Tile for DenseTile<'_, STEP, W> {
    #[inline(always)]
    unsafe fn compute<S: Simd>(&self, shift: usize, pixels: usize, sums: &mut Sums) {
        let Factors { terms, weights } = self.factors;
        // SAFETY: as the caller promises.
        unsafe {
            with_pixels!(
                pixels,
                dense::<S, STEP, W>(terms, shift, self.lanes, weights, sums)
            );
        }
    }
}

struct DotTile<'a, const CHANNELS: usize>(Factors<'a>);

impl<const CHANNELS: usize> Tile for DotTile<'_, CHANNELS> {
    #[inline(always)]
    fn pixels<S: Simd>() -> usize {
        // A tile leaves room for three vectors; here these are the weights and an input.
        let vectors = S::TILE * S::WIDTH + 3 - (CHANNELS + 1);
        (vectors / CHANNELS).clamp(1, S::TILE)
    }

    #[inline(always)]
    unsafe fn compute<S: Simd>(&self, shift: usize, pixels: usize, sums: &mut Sums) {
        let Factors { terms, weights } = self.0;
        // SAFETY: as the caller promises.
        unsafe { with_pixels!(pixels, dot::<S, CHANNELS>(terms, shift, weights, sums)) };
    }
}

struct DepthwiseTile<'a>(Factors<'a>);

impl Tile for DepthwiseTile<'_> {
    #[inline(always)]
    unsafe fn compute<S: Simd>(&self, shift: usize, pixels: usize, sums: &mut Sums) {
        let Factors { terms, weights } = self.0;
        // SAFETY: as the caller promises.
        unsafe { with_pixels!(pixels, depthwise::<S>(terms, shift, weights, sums)) };
    }
}
