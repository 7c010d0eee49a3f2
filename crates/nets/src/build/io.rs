//! The channels and dimensions of a network.

use serde::{Deserialize, Serialize};

/// The channels and dimensions that a network is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkIo {
    /// Channels of the main input.
    pub in_channels: usize,
    /// Channels of the main output: classes for segmentation, image channels for regression.
    pub out_channels: usize,
    /// 2 for images that are one plane, 3 for stacks.
    pub dimensions: usize,
}
