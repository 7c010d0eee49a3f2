//! The warm-up before a schedule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, Pace, Schedule};

/// The least factor, so that the first step moves the weights too.
const LEAST: f64 = 0.01;

/// A linear rise to the optimiser's rate, then another schedule.
pub struct WarmUp {
    /// Epochs of rise.
    pub epochs: usize,
    /// The rate at the beginning, as a share of the optimiser's.
    pub start: f64,
    /// What follows.
    pub then: Box<dyn Schedule>,
}

impl Schedule for WarmUp {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let share = moment.position / self.epochs as f64;
        if self.epochs > 0 && share < 1.0 {
            return Pace::of((self.start + (1.0 - self.start) * share).max(LEAST));
        }
        self.then.pace(&Moment {
            warmup_epochs: self.epochs,
            ..*moment
        })
    }

    fn monitors(&self) -> Option<&str> {
        self.then.monitors()
    }
}

/// The same learning rate throughout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Constant {}

impl Schedule for Constant {
    fn pace(&self, _: &Moment<'_>) -> Pace {
        Pace::default()
    }
}
