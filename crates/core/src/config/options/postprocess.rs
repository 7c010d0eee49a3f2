//! Steps from the network's output to the result.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives each pixel the class of its largest probability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Argmax {}

/// Numbers the connected groups of foreground pixels, one label for each object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Components {
    /// How many axes two neighbours may differ in: 1 joins pixels that share a side (in 3D, a
    /// face), 2 also those that share a corner (in 3D, an edge), 3 also the corners in 3D.
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
}

impl Default for Components {
    fn default() -> Self {
        Self { connectivity: 1 }
    }
}

/// Removes objects with fewer pixels than a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RemoveSmall {
    /// Objects with fewer pixels (in 3D, voxels) than this become background.
    #[schemars(range(min = 1))]
    pub pixels: usize,
}

impl Default for RemoveSmall {
    fn default() -> Self {
        Self { pixels: 20 }
    }
}

/// Fills background that an object encloses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FillHoles {}
