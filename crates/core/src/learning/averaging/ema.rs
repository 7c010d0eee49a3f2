//! The exponential moving average of weights.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An exponential moving average of the weights (Polyak and Juditsky 1992), running statistics
/// included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ema {
    /// Share of the average that stays in each step.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1))]
    pub decay: f64,
    /// Whether the average follows faster at first: after n steps no more than (1 + n) / (10 + n)
    /// of it stays.
    pub warmup: bool,
}

impl Default for Ema {
    fn default() -> Self {
        Self {
            decay: 0.999,
            warmup: false,
        }
    }
}

impl Ema {
    /// Share of the new weights in the average, after `updates` before; the first copies.
    pub fn share(&self, updates: usize) -> f64 {
        if updates == 0 {
            return 1.0;
        }
        let done = updates as f64;
        let decay = if self.warmup {
            self.decay.min((1.0 + done) / (10.0 + done))
        } else {
            self.decay
        };
        1.0 - decay
    }
}
