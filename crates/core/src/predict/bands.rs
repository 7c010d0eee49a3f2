//! Parts of an image whose tiles are joined one part after the other.
//!
//! Joined tiles wait for their neighbours in planes across the slowest axis. Where these planes are
//! too large for the memory, the image is cut across the other axes; tiles on a cut are predicted
//! for both sides, so that the result is the same.

use std::ops::Range;

use ndarray::{Array4, s};

use super::tiles::{Block, Emit, Share};

/// A part of an image.
pub(super) struct Band {
    /// The pixels that it gives.
    pub(super) block: Block,
    /// The tiles that reach into it, in their order.
    pub(super) starts: Vec<[usize; 3]>,
    /// What these tiles cover.
    pub(super) hull: Block,
}

impl Band {
    fn new(block: Block, tile: [usize; 3], starts: &[[usize; 3]]) -> Band {
        let reaches = |start: &&[usize; 3]| {
            (0..3).all(|axis| {
                start[axis] < block[axis].end && start[axis] + tile[axis] > block[axis].start
            })
        };
        let starts: Vec<[usize; 3]> = starts.iter().filter(reaches).copied().collect();
        let hull = std::array::from_fn(|axis| {
            let first = starts.iter().map(|start| start[axis]).min().unwrap_or(0);
            let last = starts.iter().map(|start| start[axis]).max().unwrap_or(0);
            first..last + tile[axis]
        });
        Band {
            block,
            starts,
            hull,
        }
    }

    /// Hands on what of a part lies in the band.
    pub(super) fn crop<E>(
        &self,
        start: [usize; 3],
        values: Array4<f32>,
        emit: &mut Emit<'_, E>,
    ) -> Result<(), E> {
        let size = [values.dim().1, values.dim().2, values.dim().3];
        let kept: Block = std::array::from_fn(|axis| {
            let first = self.block[axis].start.max(start[axis]);
            let end = self.block[axis]
                .end
                .min(start[axis] + size[axis])
                .max(first);
            first - start[axis]..end - start[axis]
        });
        if kept.iter().any(Range::is_empty) {
            return Ok(());
        }
        let place = [0, 1, 2].map(|axis| start[axis] + kept[axis].start);
        if [0, 1, 2].map(|axis| kept[axis].len()) == size {
            return emit(place, values);
        }
        let [z, y, x] = kept;
        emit(place, values.slice(s![.., z, y, x]).to_owned())
    }
}

/// Cuts an image `[Z, Y, X]` so that the planes of each part fit into the share of memory.
pub(super) fn bands(
    shape: [usize; 3],
    tile: [usize; 3],
    starts: &[[usize; 3]],
    share: Share,
) -> Vec<Band> {
    let mut size = shape;
    // Tiles of one section join no others.
    if tile[0] == 1 {
        size[0] = 1;
    }
    let is_too_large = |band: &Band| bytes(band, tile, share.channels) > u128::from(share.bytes);
    loop {
        let bands = cut(shape, size, tile, starts);
        let axis = usize::from(size[0] == 1);
        let longest = (axis + 1..3).max_by_key(|&other| size[other]);
        match longest {
            Some(longest) if size[longest] > tile[longest] && bands.iter().any(is_too_large) => {
                size[longest] = size[longest].div_ceil(2).max(tile[longest]);
            }
            _ => return bands,
        }
    }
}

/// What the sums of weighted values and of weights take, for the planes of a tile and of what it
/// hands on.
fn bytes(band: &Band, tile: [usize; 3], channels: usize) -> u128 {
    let size = band.hull.each_ref().map(Range::len);
    let axis = usize::from(size[0] == 1);
    let area = (axis + 1..3).fold(1, |area, other| area * size[other] as u128);
    let planes = 2 * tile[axis].min(size[axis]) as u128;
    4 * (channels as u128 + 1) * planes * area
}

/// Parts of a size, in raster order.
fn cut(shape: [usize; 3], size: [usize; 3], tile: [usize; 3], starts: &[[usize; 3]]) -> Vec<Band> {
    let range = |axis: usize| {
        let (length, step) = (shape[axis], size[axis]);
        (0..length)
            .step_by(step)
            .map(move |start| start..(start + step).min(length))
    };
    range(0)
        .flat_map(|z| {
            range(1).flat_map(move |y| {
                let z = z.clone();
                range(2).map(move |x| [z.clone(), y.clone(), x])
            })
        })
        .map(|block| Band::new(block, tile, starts))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use coverslip_algorithms::patches::tile::{PositionRule, positions};

    fn cut_volume(bytes: u64) -> (usize, Vec<Band>) {
        let (shape, tile) = ([512; 3], [64, 128, 128]);
        let starts = positions(&shape, &tile, 0.25, PositionRule::Fixed).unwrap();
        let starts: Vec<_> = starts.iter().map(|at| [at[0], at[1], at[2]]).collect();
        let share = Share { bytes, channels: 3 };
        let bands = bands(shape, tile, &starts, share);
        for band in &bands {
            assert!(super::bytes(band, tile, 3) <= u128::from(bytes));
        }
        (starts.len(), bands)
    }

    #[test]
    fn a_volume_is_cut_no_more_than_its_memory_asks_for() {
        for (mib, parts, repeated) in [
            (600, 1, 1.0),
            (340, 2, 1.2),
            (220, 4, 1.44),
            (100, 16, 2.56),
        ] {
            let (tiles, bands) = cut_volume(mib << 20);
            assert_eq!(bands.len(), parts);
            let voxels = bands
                .iter()
                .map(|band| band.block.each_ref().map(Range::len));
            let voxels: usize = voxels.map(|size| size.iter().product::<usize>()).sum();
            assert_eq!(voxels, 512_usize.pow(3));
            let predicted: usize = bands.iter().map(|band| band.starts.len()).sum();
            // Of five tiles along an axis one is predicted twice at a cut.
            assert!((predicted as f64 / tiles as f64 - repeated).abs() < 1e-9);
        }
    }
}
