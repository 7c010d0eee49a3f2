//! How the learning rate changes over a run. During the warm-up it rises linearly to the
//! optimiser's rate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A factor on the optimiser's learning rate.
pub trait Schedule: Send {
    /// The factor at `position`, in epochs from the start (2.5 is the middle of the third), of a
    /// run of `epochs`.
    fn factor(&self, position: f64, epochs: usize) -> f64;
}

/// The factor during the warm-up, linear up to 1; `None` after it. It is at least 0.01, so that the
/// first step moves the weights too.
fn warmup(position: f64, warmup_epochs: usize) -> Option<f64> {
    let share = position / warmup_epochs as f64;
    (warmup_epochs > 0 && share < 1.0).then(|| share.max(0.01))
}

/// The same learning rate throughout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Constant {
    /// Epochs of linear rise at the start.
    pub warmup_epochs: usize,
}

impl Schedule for Constant {
    fn factor(&self, position: f64, _: usize) -> f64 {
        warmup(position, self.warmup_epochs).unwrap_or(1.0)
    }
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

impl Schedule for Step {
    fn factor(&self, position: f64, _: usize) -> f64 {
        let drops = (position / self.every_epochs.max(1) as f64).floor();
        warmup(position, self.warmup_epochs).unwrap_or_else(|| self.factor.powf(drops))
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

impl Schedule for Exponential {
    fn factor(&self, position: f64, _: usize) -> f64 {
        let epoch = position.floor();
        warmup(position, self.warmup_epochs).unwrap_or_else(|| self.factor.powf(epoch))
    }
}

/// Lowers the learning rate along half a cosine, step by step, until the last epoch (Loshchilov
/// and Hutter 2017, without restarts).
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

impl Schedule for Cosine {
    fn factor(&self, position: f64, epochs: usize) -> f64 {
        let start = self.warmup_epochs as f64;
        warmup(position, self.warmup_epochs).unwrap_or_else(|| {
            let share = ((position - start) / (epochs as f64 - start).max(1.0)).clamp(0.0, 1.0);
            let wave = f64::midpoint(1.0, (std::f64::consts::PI * share).cos());
            self.minimum + (1.0 - self.minimum) * wave
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_at_telling_positions() {
        let step = Step {
            warmup_epochs: 2,
            every_epochs: 3,
            factor: 0.5,
        };
        let found: Vec<f64> = [0.0, 1.0, 2.0, 3.0, 5.9, 6.0]
            .iter()
            .map(|&at| step.factor(at, 10))
            .collect();
        assert_eq!(found, [0.01, 0.5, 1.0, 0.5, 0.5, 0.25]);
        let cosine = Cosine {
            warmup_epochs: 0,
            minimum: 0.2,
        };
        assert_eq!(cosine.factor(0.0, 10), 1.0);
        assert!((cosine.factor(5.0, 10) - 0.6).abs() < 1e-12);
        assert!((cosine.factor(10.0, 10) - 0.2).abs() < 1e-12);
        let exponential = Exponential {
            warmup_epochs: 0,
            factor: 0.9,
        };
        assert!((exponential.factor(2.7, 10) - 0.81).abs() < 1e-12);
        assert_eq!(Constant { warmup_epochs: 4 }.factor(1.0, 10), 0.25);
    }
}
