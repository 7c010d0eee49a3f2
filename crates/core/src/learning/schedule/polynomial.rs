//! Learning rates along a power of what is left of the run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, Pace, Schedule};

/// Lowers the learning rate to zero along a power of the remaining share of the run, as nnU-Net,
/// `EmbedSeg` and `DeepLab` do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Polynomial {
    /// The power; 1 is a straight line.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub power: f64,
    /// Epochs until zero; left out, the rest of the run after the warm-up.
    #[schemars(range(min = 1))]
    pub epochs: Option<usize>,
}

impl Default for Polynomial {
    fn default() -> Self {
        Self {
            power: 0.9,
            epochs: None,
        }
    }
}

impl Schedule for Polynomial {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let length = self
            .epochs
            .map_or(moment.remaining(), |epochs| epochs as f64);
        let share = (moment.elapsed() / length).clamp(0.0, 1.0);
        Pace::of((1.0 - share).powf(self.power))
    }
}
