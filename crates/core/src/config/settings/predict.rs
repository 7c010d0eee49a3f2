//! How large images are predicted tile by tile.

use coverslip_nets::build::Extent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How large images are predicted tile by tile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PredictSettings {
    /// Pixels of a tile along Y and X, or along Z, Y and X; larger tiles need more memory. Left
    /// out: the size of a training patch.
    #[schemars(length(min = 2, max = 3), inner(range(min = 1)))]
    pub tile: Option<Vec<usize>>,
    /// Share of a tile that the next one covers again.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1))]
    pub overlap: f64,
    /// How overlapping tiles are joined.
    pub blend: Blend,
    /// What prediction writes; left out, `labels` when the target has classes and `values` when it
    /// is an image.
    pub output: Option<Output>,
}

impl Default for PredictSettings {
    fn default() -> Self {
        Self {
            tile: None,
            overlap: 0.25,
            blend: Blend::Gaussian,
            output: None,
        }
    }
}

impl PredictSettings {
    /// Pixels of a tile along Z, Y and X, where they are given.
    pub fn tile_zyx(&self) -> Option<[usize; 3]> {
        Extent::zyx(self.tile.as_deref()?)
    }
}

/// How overlapping tiles are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blend {
    /// The middle of a tile counts most, by a Gaussian.
    Gaussian,
    /// All pixels of a tile count the same.
    Constant,
    /// The middle of a tile counts most, by a raised cosine.
    Hann,
    /// Each pixel comes from one tile, away from its edges: equal to a prediction in one piece.
    Crop,
}

impl Blend {
    /// The way as a config writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::Constant => "constant",
            Self::Hann => "hann",
            Self::Crop => "crop",
        }
    }
}

/// What prediction writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Labels: classes, or objects after post-processing.
    Labels,
    /// One channel of probabilities for each class.
    Probabilities,
    /// The intensities that the network gives.
    Values,
}
