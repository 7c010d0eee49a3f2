//! Learning rates along a straight line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, Pace, Schedule};

/// Moves the learning rate along a straight line, then keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Linear {
    /// The rate at the beginning, as a share of the optimiser's.
    #[schemars(range(min = 0.0))]
    pub start: f64,
    /// The rate at the end of the line, as a share of the optimiser's.
    #[schemars(range(min = 0.0))]
    pub end: f64,
    /// Epochs from one to the other; left out, the rest of the run after the warm-up.
    #[schemars(range(min = 1))]
    pub epochs: Option<usize>,
}

impl Default for Linear {
    fn default() -> Self {
        Self {
            start: 1.0,
            end: 0.0,
            epochs: None,
        }
    }
}

impl Schedule for Linear {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let length = self
            .epochs
            .map_or(moment.remaining(), |epochs| epochs as f64);
        let share = (moment.elapsed() / length).clamp(0.0, 1.0);
        Pace::of(self.start + (self.end - self.start) * share)
    }
}

/// Keeps the learning rate, then lowers it by the same amount after each epoch, as `CycleGAN` does:
/// it would reach zero one epoch after the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinearDecay {
    /// Epochs at the optimiser's rate; left out, half of the run.
    pub constant_epochs: Option<usize>,
    /// Epochs of decay; left out, the rest of the run.
    pub decay_epochs: Option<usize>,
}

impl Schedule for LinearDecay {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let constant = self.constant_epochs.unwrap_or(moment.epochs / 2);
        let rest = moment.epochs.saturating_sub(constant);
        let decay = self.decay_epochs.unwrap_or(rest);
        let late = (moment.position.floor() + 1.0 - constant as f64).max(0.0);
        Pace::of((1.0 - late / (decay + 1) as f64).max(0.0))
    }
}
