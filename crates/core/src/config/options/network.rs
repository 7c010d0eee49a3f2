//! Networks and frameworks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One network from source to target, trained by the losses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fcn {}

/// U-Net: an encoder and a decoder joined by skips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Unet {
    /// Channels of the first level.
    #[schemars(range(min = 1))]
    pub base: usize,
    /// Times the image is halved on the way down.
    #[schemars(range(min = 1, max = 8))]
    pub depth: usize,
}

impl Default for Unet {
    fn default() -> Self {
        Self { base: 32, depth: 4 }
    }
}
