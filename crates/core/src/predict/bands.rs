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
    // Sums of weighted values and of weights, for the planes of a tile and of what it hands on.
    let bytes = |size: [usize; 3]| -> u128 {
        let axis = usize::from(size[0] == 1);
        let area = (0..3).filter(|&other| other != axis).map(|other| {
            let reach = if size[other] == shape[other] {
                0
            } else {
                2 * tile[other]
            };
            (size[other] + reach) as u128
        });
        let planes = 2 * tile[axis].min(size[axis]) as u128;
        4 * (share.channels as u128 + 1) * planes * area.product::<u128>()
    };
    while bytes(size) > u128::from(share.bytes) {
        let axis = usize::from(size[0] == 1);
        let longest = (axis + 1..3).max_by_key(|&other| size[other]);
        match longest {
            Some(longest) if size[longest] > tile[longest] => {
                size[longest] = size[longest].div_ceil(2).max(tile[longest]);
            }
            _ => break,
        }
    }
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
