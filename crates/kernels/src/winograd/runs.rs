//! Runs of tiles: how long they are, where they are worked on, and how their input gets there.

use std::cell::RefCell;

use crate::{Buffer, Isa, LANES};

use super::{
    grid::{Grid, Reading},
    tiles::{AREA, GatherInput, Run},
};

/// Bytes of transformed tiles that should stay in a core's second-level cache.
const CACHED_TILES: usize = 1 << 20;
/// Bytes of transformed tiles that should stay in the cache that the cores share.
const JOINTLY_CACHED_TILES: usize = 20 << 20;
/// The most tiles of a run that one thread takes through all stages.
const LONGEST_RUN: usize = 112;
/// The most tiles of a run on which all threads work together.
const LONGEST_JOINT_RUN: usize = 128;

thread_local! {
    static SCRATCH: RefCell<[Buffer; 2]> = RefCell::new([Buffer::zeros(0), Buffer::zeros(0)]);
}

/// Runs `work` with two scratch buffers of at least the given lengths.
pub(super) fn with_scratch(lengths: [usize; 2], work: impl FnOnce(*mut f32, *mut f32)) {
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
pub(super) fn run_length(inner: usize, outer: usize, tiles: usize) -> usize {
    let fits = CACHED_TILES / (AREA * LANES * size_of::<f32>() * (inner + outer));
    let shared = tiles.div_ceil(16);
    let most = fits.min(shared.next_multiple_of(14));
    (most / 14 * 14).clamp(14, LONGEST_RUN).min(tiles.max(1))
}

/// Tiles of a run on which all threads work together, with this many transformed blocks: runs of
/// near-equal length.
pub(super) fn joint_run_length(blocks: usize, tiles: usize) -> usize {
    let fits = JOINTLY_CACHED_TILES / (AREA * LANES * size_of::<f32>() * blocks.max(1));
    let runs = tiles.div_ceil(fits.clamp(28, LONGEST_JOINT_RUN));
    tiles.div_ceil(runs.max(1)).max(1)
}

/// The input of a convolution, transformed run by run.
pub(super) struct TransformedInput<'a> {
    pub(super) isa: Isa,
    pub(super) map: Reading<'a>,
    /// Sizes of the input.
    pub(super) size: [usize; 3],
    pub(super) padding: [usize; 3],
    /// The tiles of the output.
    pub(super) grid: Grid,
}

impl TransformedInput<'_> {
    /// The run of this number, of `room` tiles each.
    pub(super) fn nth_run(&self, number: usize, room: usize) -> Run {
        let first = number * room;
        Run {
            first,
            count: room.min(self.grid.tiles() - first),
            room,
        }
    }

    /// Transforms one inner block of a run: a tap along Z of a block of channels.
    pub(super) fn gather(&self, run: Run, block: usize, input: *mut f32, stride: usize) {
        let (plane, channel_block) = (block / self.map.blocks(), block % self.map.blocks());
        let offset = [
            plane as isize - self.padding[0] as isize,
            -(self.padding[1] as isize),
            -(self.padding[2] as isize),
        ];
        // SAFETY: the scratch has room for the run's tiles of every inner block; the sources have
        // the sizes that `Reading::of` checked.
        unsafe {
            self.isa.run(GatherInput {
                map: &self.map,
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
        // Three runs of near-equal length, which fit the common cache; one run of all.
        assert_eq!(joint_run_length(32, 300), 100);
        assert_eq!(joint_run_length(64, 128), 128);
        assert_eq!(joint_run_length(1000, 100), 25);
        assert_eq!(joint_run_length(64, 0), 1);
        let grid = Grid::new(Extent {
            n: 2,
            size: [1, 5, 9],
        });
        assert_eq!(grid.tiles(), 2 * 2 * 3);
    }
}
