//! Drops of the learning rate at given epochs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, Pace, Schedule};

/// Multiplies the learning rate by a factor every few epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
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
            every_epochs: 10,
            factor: 0.1,
        }
    }
}

impl Schedule for Step {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let drops = (moment.position / self.every_epochs.max(1) as f64).floor();
        Pace::of(self.factor.powf(drops))
    }
}

/// Multiplies the learning rate by a factor at given epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Multistep {
    /// Epochs that are done before each drop.
    pub milestones: Vec<usize>,
    /// What each drop multiplies the rate by.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0))]
    pub factor: f64,
}

impl Default for Multistep {
    fn default() -> Self {
        Self {
            milestones: Vec::new(),
            factor: 0.1,
        }
    }
}

impl Schedule for Multistep {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let is_past = |&&milestone: &&usize| moment.position >= milestone as f64;
        let drops = self.milestones.iter().filter(is_past).count();
        Pace::of(self.factor.powf(drops as f64))
    }
}
