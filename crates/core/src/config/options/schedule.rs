//! How the learning rate changes from epoch to epoch. During the warm-up it rises linearly from
//! zero to the optimiser's rate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The same learning rate throughout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Constant {
    /// Epochs of linear rise at the start.
    pub warmup_epochs: usize,
}

/// Multiplies the learning rate by a factor every few epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// Epochs of linear rise at the start.
    pub warmup_epochs: usize,
    /// Epochs between two drops.
    #[schemars(range(min = 1))]
    pub every_epochs: usize,
    /// What each drop multiplies the rate by.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0))]
    pub factor: f64,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            warmup_epochs: 0,
            every_epochs: 10,
            factor: 0.1,
        }
    }
}

/// Multiplies the learning rate by a factor after every epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Exponential {
    /// Epochs of linear rise at the start.
    pub warmup_epochs: usize,
    /// What each epoch multiplies the rate by.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0))]
    pub factor: f64,
}

impl Default for Exponential {
    fn default() -> Self {
        Self {
            warmup_epochs: 0,
            factor: 0.98,
        }
    }
}

/// Lowers the learning rate along half a cosine until the last epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cosine {
    /// Epochs of linear rise at the start.
    pub warmup_epochs: usize,
    /// The rate at the end, as a share of the optimiser's.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub minimum: f64,
}

impl Default for Cosine {
    fn default() -> Self {
        Self {
            warmup_epochs: 0,
            minimum: 0.0,
        }
    }
}
