//! How images are cut into tiles for a model.

use crate::config::Blend;

/// How an image is cut and joined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tiling {
    /// Size of a tile, `[Z, Y, X]`.
    pub tile: [usize; 3],
    /// Share of a tile that the next one covers again (not for [`Blend::Crop`]).
    pub overlap: f64,
    /// How overlapping tiles are joined.
    pub blend: Blend,
}
