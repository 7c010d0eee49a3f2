//! Exponential decay of the learning rate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, Pace, Schedule};

/// Multiplies the learning rate by a factor after every epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Exponential {
    /// What each epoch multiplies the rate by.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0))]
    pub factor: f64,
}

impl Default for Exponential {
    fn default() -> Self {
        Self { factor: 0.98 }
    }
}

impl Schedule for Exponential {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        Pace::of(self.factor.powf(moment.position.floor()))
    }
}
