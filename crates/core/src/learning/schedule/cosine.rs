//! Learning rates along a cosine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, Pace, Schedule, anneal::half_wave};

/// Lowers the learning rate along half a cosine, step by step, until the last epoch (Loshchilov
/// and Hutter 2017, without restarts).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cosine {
    /// The lowest rate, as a share of the optimiser's.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub minimum: f64,
    /// Epochs to the lowest rate, after which it rises again along the same cosine; left out, the
    /// rest of the run after the warm-up.
    #[schemars(range(min = 1))]
    pub epochs: Option<usize>,
}

impl Schedule for Cosine {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let length = self
            .epochs
            .map_or(moment.remaining(), |epochs| epochs as f64);
        let wave = half_wave(moment.elapsed() / length);
        Pace::of(self.minimum + (1.0 - self.minimum) * wave)
    }
}

/// Lowers the learning rate along half a cosine and starts again, in periods that grow (Loshchilov
/// and Hutter 2017).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CosineRestarts {
    /// Epochs of the first period.
    #[schemars(range(min = 1))]
    pub first_epochs: usize,
    /// How many times as long as the one before each period is.
    #[schemars(range(min = 1))]
    pub growth: usize,
    /// The lowest rate, as a share of the optimiser's.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub minimum: f64,
}

impl Default for CosineRestarts {
    fn default() -> Self {
        Self {
            first_epochs: 10,
            growth: 2,
            minimum: 0.0,
        }
    }
}

impl CosineRestarts {
    /// The share of the present period that is over.
    fn share(&self, elapsed: f64) -> f64 {
        let (first, growth) = (self.first_epochs.max(1) as f64, self.growth.max(1) as f64);
        if growth == 1.0 {
            return (elapsed / first).fract();
        }
        let (mut start, mut length) = (0.0, first);
        while elapsed >= start + length {
            start += length;
            length *= growth;
        }
        (elapsed - start) / length
    }
}

impl Schedule for CosineRestarts {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let wave = half_wave(self.share(moment.elapsed().max(0.0)));
        Pace::of(self.minimum + (1.0 - self.minimum) * wave)
    }
}
