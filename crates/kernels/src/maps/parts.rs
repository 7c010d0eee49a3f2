//! Work divided into parts of planes, and loops over the values of a part.

use rayon::prelude::*;

use super::layout::{Layout, MapShape};
use crate::simd::{Kernel, Simd};
use crate::{Isa, LANES};

/// Values of a part, 32 KiB: a second pass over it finds it in the cache.
pub(super) const PART: usize = 8192;
/// Values of a tile, on which several loops run one after the other in the first-level cache.
pub(super) const TILE: usize = 1024;

/// A tile's worth of values on the stack.
#[repr(align(64))]
pub(super) struct Tile(pub(super) [f32; TILE]);

/// Some pixels of a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The plane, counted over images and units.
    pub(super) plane: usize,
    /// The first value within the whole map.
    pub(super) start: usize,
    /// Values, a multiple of the layout's lanes.
    pub(super) len: usize,
}

impl MapShape {
    /// Parts of one plane.
    pub(super) fn parts_of_plane(&self) -> usize {
        self.plane_len().div_ceil(PART)
    }

    fn part(&self, index: usize) -> Part {
        let (plane, part) = (index / self.parts_of_plane(), index % self.parts_of_plane());
        let first = part * PART;
        Part {
            plane,
            start: plane * self.plane_len() + first,
            len: PART.min(self.plane_len() - first),
        }
    }

    /// Does work for each part, on all threads.
    pub(super) fn for_each_part(&self, work: impl Fn(Part) + Send + Sync) {
        (0..self.planes() * self.parts_of_plane())
            .into_par_iter()
            .for_each(|index| work(self.part(index)));
    }

    /// What the work gives for each part, ordered by images, units and parts of a plane.
    pub(super) fn map_parts<T: Send>(&self, work: impl Fn(Part) -> T + Send + Sync) -> Vec<T> {
        (0..self.planes() * self.parts_of_plane())
            .into_par_iter()
            .map(|index| work(self.part(index)))
            .collect()
    }

    /// Does work for each part of a map that changes in place.
    pub(super) fn for_each_part_of(
        &self,
        values: &mut [f32],
        work: impl Fn(Part, &mut [f32]) + Send + Sync,
    ) {
        assert_eq!(values.len(), self.len());
        values
            .par_chunks_mut(self.plane_len().max(1))
            .enumerate()
            .for_each(|(plane, values)| {
                let parts = values.par_chunks_mut(PART).enumerate();
                parts.for_each(|(part, values)| {
                    work(self.part(plane * self.parts_of_plane() + part), values);
                });
            });
    }

    /// Adds the lanes of a planar map, which are all of one channel, into the first.
    pub(super) fn join_lanes(&self, sums: [f64; LANES]) -> [f64; LANES] {
        match self.layout {
            Layout::Blocked => sums,
            Layout::Planar => {
                let mut joined = [0.0; LANES];
                joined[0] = sums.iter().sum();
                joined
            }
        }
    }
}

/// Runs a kernel, once it is sure that the processor has the instruction set.
///
/// # Safety
///
/// The pointers of the kernel must be valid for what it reads and writes.
pub(super) unsafe fn run(isa: Isa, kernel: impl Kernel) {
    assert!(isa.is_available(), "no {} here", isa.name());
    // SAFETY: as the caller promises and as just checked.
    unsafe { isa.run(kernel) }
}

/// What becomes of the values at the same place of several maps.
pub(super) trait Lanewise<S: Simd, const INPUTS: usize>: Copy {
    /// # Safety
    ///
    /// The processor must have the instruction set of `S`.
    unsafe fn apply(self, inputs: [S::Vector; INPUTS]) -> S::Vector;
}

/// Writes `operation` of the values behind `inputs` to `output`, which may be one of the inputs.
///
/// # Safety
///
/// All pointers must be valid for `len` values, and the processor must have the instruction set.
#[inline(always)]
pub(super) unsafe fn lanewise<S: Simd, const INPUTS: usize>(
    operation: impl Lanewise<S, INPUTS>,
    inputs: [*const f32; INPUTS],
    output: *mut f32,
    len: usize,
) {
    let whole = len / LANES * LANES;
    // SAFETY: as the caller promises; the last values, fewer than a vector, go through the stack.
    unsafe {
        for at in (0..whole).step_by(LANES) {
            let mut vectors = [S::zero(); INPUTS];
            for (vector, input) in vectors.iter_mut().zip(inputs) {
                *vector = S::load(input.add(at));
            }
            S::store(output.add(at), operation.apply(vectors));
        }
        if whole < len {
            let mut vectors = [S::zero(); INPUTS];
            for (vector, input) in vectors.iter_mut().zip(inputs) {
                let mut last = [0.0; LANES];
                std::ptr::copy_nonoverlapping(input.add(whole), last.as_mut_ptr(), len - whole);
                *vector = S::load(last.as_ptr());
            }
            let mut last = [0.0; LANES];
            S::store(last.as_mut_ptr(), operation.apply(vectors));
            std::ptr::copy_nonoverlapping(last.as_ptr(), output.add(whole), len - whole);
        }
    }
}

/// Terms of sums, from the values at the same place of several maps.
pub(super) trait Terms<S: Simd, const INPUTS: usize, const SUMS: usize>: Copy {
    /// # Safety
    ///
    /// The processor must have the instruction set of `S`.
    unsafe fn terms(self, inputs: [S::Vector; INPUTS]) -> [S::Vector; SUMS];
}

/// Accumulators of each sum: as many chains as additions in flight, and shorter ones.
const CHAINS: usize = 4;

/// Adds the terms of the values behind `inputs`, lane by lane.
///
/// # Safety
///
/// All pointers must be valid for `len` values, and the processor must have the instruction set.
#[inline(always)]
pub(super) unsafe fn sum_terms<S: Simd, const INPUTS: usize, const SUMS: usize>(
    operation: impl Terms<S, INPUTS, SUMS>,
    inputs: [*const f32; INPUTS],
    len: usize,
) -> [[f32; LANES]; SUMS] {
    let whole = len / LANES * LANES;
    let mut sums = [[0.0; LANES]; SUMS];
    // SAFETY: as the caller promises; the last values, fewer than a vector, go through the stack.
    unsafe {
        let mut chains = [[S::zero(); SUMS]; CHAINS];
        let mut at = 0;
        while at + CHAINS * LANES <= whole {
            for (step, chain) in chains.iter_mut().enumerate() {
                let mut vectors = [S::zero(); INPUTS];
                for (vector, input) in vectors.iter_mut().zip(inputs) {
                    *vector = S::load(input.add(at + step * LANES));
                }
                let terms = operation.terms(vectors);
                for (sum, term) in chain.iter_mut().zip(terms) {
                    *sum = S::add(*sum, term);
                }
            }
            at += CHAINS * LANES;
        }
        let [first, others @ ..] = &mut chains;
        for other in others {
            for (sum, &term) in first.iter_mut().zip(other.iter()) {
                *sum = S::add(*sum, term);
            }
        }
        while at < whole {
            let mut vectors = [S::zero(); INPUTS];
            for (vector, input) in vectors.iter_mut().zip(inputs) {
                *vector = S::load(input.add(at));
            }
            let terms = operation.terms(vectors);
            for (sum, term) in first.iter_mut().zip(terms) {
                *sum = S::add(*sum, term);
            }
            at += LANES;
        }
        for (sum, &vector) in sums.iter_mut().zip(first.iter()) {
            S::store(sum.as_mut_ptr(), vector);
        }
        if whole < len {
            let mut vectors = [S::zero(); INPUTS];
            for (vector, input) in vectors.iter_mut().zip(inputs) {
                let mut last = [0.0; LANES];
                std::ptr::copy_nonoverlapping(input.add(whole), last.as_mut_ptr(), len - whole);
                *vector = S::load(last.as_ptr());
            }
            let terms = operation.terms(vectors);
            for (sum, vector) in sums.iter_mut().zip(terms) {
                let mut last = [0.0; LANES];
                S::store(last.as_mut_ptr(), vector);
                for (sum, term) in sum.iter_mut().zip(last).take(len - whole) {
                    *sum += term;
                }
            }
        }
    }
    sums
}
