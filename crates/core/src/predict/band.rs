//! Parts of a result whose tiles are stitched one part after the other.
//!
//! Stitched tiles wait for their neighbours in planes across the slowest axis. Where these planes are
//! too large for the memory, the result is cut across the other axes; tiles on a cut are predicted
//! for both sides, so that the values are the same.

use std::ops::Range;

use coverslip_image::source::blocks::Block;

/// How much of a result may wait for its neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// Bytes for values of tiles that are not finished.
    pub(super) bytes: u64,
    /// Channels of the network's result.
    pub(super) channels: usize,
}

impl Share {
    /// No limit.
    pub(super) fn whole() -> Share {
        Share {
            bytes: u64::MAX,
            channels: 1,
        }
    }
}

/// Overlapping tiles of a result, in its pixels, `[Z, Y, X]`.
pub(super) struct Layout {
    /// The size of the result.
    pub(super) shape: [usize; 3],
    /// The size of a tile.
    pub(super) tile: [usize; 3],
    /// Where tiles begin, in raster order.
    pub(super) starts: Vec<[usize; 3]>,
    /// Planes of the result for a section of the image.
    pub(super) section: usize,
}

/// A part of a result.
pub(super) struct Band {
    /// The pixels that it gives.
    pub(super) block: Block,
    /// Where the tiles that reach into it begin, in their order.
    pub(super) starts: Vec<[usize; 3]>,
    /// What these tiles cover.
    pub(super) hull: Block,
}

impl Band {
    fn new(block: Block, layout: &Layout) -> Band {
        let tile = layout.tile;
        let reaches = |start: &&[usize; 3]| {
            (0..3).all(|axis| {
                start[axis] < block[axis].end && start[axis] + tile[axis] > block[axis].start
            })
        };
        let starts: Vec<[usize; 3]> = layout.starts.iter().filter(reaches).copied().collect();
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
}

/// Cuts a result so that the planes of each part fit into the share of memory.
pub(super) fn bands(layout: &Layout, share: Share) -> Vec<Band> {
    let mut size = layout.shape;
    // Tiles of one section join no others.
    if layout.tile[0] == layout.section {
        size[0] = layout.section;
    }
    let is_too_large =
        |band: &Band| bytes(band, layout.tile, share.channels) > u128::from(share.bytes);
    loop {
        let bands = cut(layout, size);
        let axis = usize::from(size[0] == 1);
        let longest = (axis + 1..3).max_by_key(|&other| size[other]);
        match longest {
            Some(longest)
                if size[longest] > layout.tile[longest] && bands.iter().any(is_too_large) =>
            {
                size[longest] = size[longest].div_ceil(2).max(layout.tile[longest]);
            }
            _ => return bands,
        }
    }
}

/// The sums of weighted values and of weights, for the planes of a tile and of what it hands on.
fn bytes(band: &Band, tile: [usize; 3], channels: usize) -> u128 {
    let size = band.hull.each_ref().map(Range::len);
    let axis = usize::from(size[0] == 1);
    let area = (axis + 1..3).fold(1, |area, other| area * size[other] as u128);
    let planes = 2 * tile[axis].min(size[axis]) as u128;
    size_of::<f32>() as u128 * (channels as u128 + 1) * planes * area
}

/// Parts of a size, in raster order.
fn cut(layout: &Layout, size: [usize; 3]) -> Vec<Band> {
    let range = |axis: usize| {
        let (length, step) = (layout.shape[axis], size[axis]);
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
        .map(|block| Band::new(block, layout))
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
        let count = starts.len();
        let layout = Layout {
            shape,
            tile,
            starts,
            section: 1,
        };
        let bands = bands(&layout, Share { bytes, channels: 3 });
        for band in &bands {
            assert!(super::bytes(band, tile, 3) <= u128::from(bytes));
        }
        (count, bands)
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
