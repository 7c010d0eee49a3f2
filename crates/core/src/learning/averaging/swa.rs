//! Stochastic weight averaging.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::learning::schedule::Anneal;

/// Stochastic weight averaging (Izmailov et al. 2018).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Swa {
    /// Share of the epochs after which averaging begins.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub start: f64,
    /// The learning rate while averaging, as a share of the optimiser's.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub rate: f64,
    /// Epochs in which the rate moves from the schedule's to this one.
    pub anneal_epochs: usize,
    /// The way between the two rates.
    pub anneal: Anneal,
}

impl Default for Swa {
    fn default() -> Self {
        Self {
            start: 0.8,
            rate: 0.5,
            anneal_epochs: 10,
            anneal: Anneal::Cosine,
        }
    }
}

impl Swa {
    /// The first epoch, from 0, whose weights are averaged in a run of `epochs`; at least the last
    /// one's are.
    pub fn first_epoch(&self, epochs: usize) -> usize {
        let first = (self.start * epochs as f64) as usize;
        first.min(epochs.saturating_sub(1))
    }

    /// The factor on the learning rate `elapsed` epochs after averaging began, from the
    /// schedule's factor at that time.
    pub fn factor(&self, from: f64, elapsed: f64) -> f64 {
        let share = if self.anneal_epochs == 0 {
            1.0
        } else {
            elapsed / self.anneal_epochs as f64
        };
        self.anneal.between(from, self.rate, share)
    }

    /// Share of the new weights in the average, after `updates` before.
    pub fn share(&self, updates: usize) -> f64 {
        1.0 / (updates + 1) as f64
    }
}
