//! Where the tiles of a sliding window start.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;

/// How tiles are spread over an axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionRule {
    /// MONAI: a fixed step of `tile * (1 - overlap)` pixels; the last tile is shifted back into
    /// the image.
    #[default]
    Fixed,
    /// nnU-Net: as many tiles as the overlap needs, spread evenly.
    Even,
}

/// First pixel of every tile of size `tile` over an image of size `image`, the last axis running
/// fastest. `overlap` is the least fraction that neighbouring tiles share, 0 to below 1.
///
/// An image smaller than the tile along an axis has one start, 0, there: pad it first with
/// [`crate::transform::pad::Padding::to_size`].
///
/// # Errors
/// [`AlgorithmError::Rank`] if `image` and `tile` differ in length, [`AlgorithmError::Parameter`]
/// for an overlap outside its range or a tile of 0 pixels.
pub fn positions(
    image: &[usize],
    tile: &[usize],
    overlap: f64,
    rule: PositionRule,
) -> Result<Vec<Vec<usize>>, AlgorithmError> {
    if image.len() != tile.len() {
        let expected = "one for each axis of the tile";
        return Err(AlgorithmError::Rank {
            what: "the image",
            got: image.len(),
            expected,
        });
    }
    if !(0.0..1.0).contains(&overlap) {
        return Err(AlgorithmError::parameter(
            "overlap",
            overlap,
            "0 to below 1",
        ));
    }
    if tile.contains(&0) {
        return Err(AlgorithmError::parameter(
            "the tile's size",
            0,
            "at least 1 pixel",
        ));
    }
    let axes = image.iter().zip(tile).map(|(&length, &tile)| match rule {
        PositionRule::Fixed => fixed_starts(length, tile, overlap),
        PositionRule::Even => even_starts(length, tile, overlap),
    });
    Ok(product(&axes.collect::<Vec<_>>()))
}

fn fixed_starts(length: usize, tile: usize, overlap: f64) -> Vec<usize> {
    let last = length.saturating_sub(tile);
    let step = ((tile as f64 * (1.0 - overlap)) as usize).max(1);
    let mut starts: Vec<usize> = (0..last).step_by(step).collect();
    starts.push(last);
    starts
}

fn even_starts(length: usize, tile: usize, overlap: f64) -> Vec<usize> {
    let last = length.saturating_sub(tile) as f64;
    let intervals = (last / (tile as f64 * (1.0 - overlap))).ceil();
    let step = last / intervals.max(1.0);
    (0..=intervals as usize)
        .map(|index| (step * index as f64).round_ties_even() as usize)
        .collect()
}

pub(super) fn product(axes: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::with_capacity(axes.len())];
    for starts in axes {
        let extend = |head: &Vec<usize>| {
            let head = head.clone();
            starts
                .iter()
                .map(move |&start| [&head[..], &[start]].concat())
        };
        all = all.iter().flat_map(extend).collect();
    }
    all
}
