//! The coordinates of pixels that spatial embeddings are measured in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The coordinates of pixels: pixel `i` of an axis lies at `i * extent / (size - 1)`, also beyond the grid,
/// since only distances matter. There is no default, because predictions must be clustered with the
/// grid that the network was trained with: a framework has one such option and gives it to both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoordinateGrid {
    /// Pixels of the grid along Z, Y and X.
    #[schemars(inner(range(min = 1)))]
    pub size: [usize; 3],
    /// Length of the grid along Z, Y and X.
    #[schemars(inner(range(min = 0.0)))]
    pub extent: [f64; 3],
}

impl CoordinateGrid {
    /// `size` pixels along every axis, `1 / (size - 1)` apart along Y and X and `z_spacing` times as far
    /// along Z: the distance of planes in units of that of pixels, as in EmbedSeg.
    pub fn spaced(size: usize, z_spacing: f64) -> Self {
        Self {
            size: [size; 3],
            extent: [z_spacing, 1.0, 1.0],
        }
    }
}
