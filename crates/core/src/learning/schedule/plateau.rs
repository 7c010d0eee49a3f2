//! Learning rates that fall when a score stops improving.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, Pace, Schedule};

/// Lowers the learning rate whenever validation has not improved for some epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plateau {
    /// The validation score that should improve, as named in the log: `loss`, or e.g. `dice`.
    pub monitor: String,
    /// Whether the score should fall or rise.
    pub mode: Mode,
    /// What each drop multiplies the rate by.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub factor: f64,
    /// Epochs without improvement that are tolerated; one more lowers the rate.
    pub patience: usize,
    /// By how much a score must be better than the best to count as improvement.
    #[schemars(range(min = 0.0))]
    pub threshold: f64,
    /// Whether the threshold is a share of the best score or a difference.
    pub threshold_mode: ThresholdMode,
    /// Epochs after a drop during which nothing counts as a lack of improvement.
    pub cooldown: usize,
    /// The lowest rate, as a share of the optimiser's.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub minimum: f64,
    /// A drop by less than this share of the optimiser's rate is left out.
    #[schemars(range(min = 0.0))]
    pub smallest_drop: f64,
}

/// Which way a score gets better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Lower is better.
    #[default]
    Min,
    /// Higher is better.
    Max,
}

/// What a threshold is measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMode {
    /// A share of the best score.
    #[default]
    Relative,
    /// A difference of scores.
    Absolute,
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            monitor: "loss".to_owned(),
            mode: Mode::Min,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Relative,
            cooldown: 0,
            minimum: 0.0,
            smallest_drop: 0.0,
        }
    }
}

impl Plateau {
    fn is_better(&self, score: f64, best: f64) -> bool {
        match (self.mode, self.threshold_mode) {
            (Mode::Min, ThresholdMode::Relative) => score < best * (1.0 - self.threshold),
            (Mode::Min, ThresholdMode::Absolute) => score < best - self.threshold,
            (Mode::Max, ThresholdMode::Relative) => score > best * (1.0 + self.threshold),
            (Mode::Max, ThresholdMode::Absolute) => score > best + self.threshold,
        }
    }

    fn lowered(&self, rate: f64) -> f64 {
        let lower = (rate * self.factor).max(self.minimum);
        if rate - lower > self.smallest_drop {
            lower
        } else {
            rate
        }
    }
}

impl Schedule for Plateau {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let mut rate = 1.0;
        let mut best = match self.mode {
            Mode::Min => f64::INFINITY,
            Mode::Max => f64::NEG_INFINITY,
        };
        let (mut bad, mut rest) = (0, 0);
        for &score in moment.scores {
            if self.is_better(score, best) {
                best = score;
                bad = 0;
            } else {
                bad += 1;
            }
            if rest > 0 {
                rest -= 1;
                bad = 0;
            }
            if bad > self.patience {
                rate = self.lowered(rate);
                rest = self.cooldown;
                bad = 0;
            }
        }
        Pace::of(rate)
    }

    fn monitors(&self) -> Option<&str> {
        Some(&self.monitor)
    }
}
