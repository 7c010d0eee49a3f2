//! The one-cycle policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Anneal, Moment, Pace, Schedule};

/// Raises the learning rate to its peak and lowers it to almost nothing by the last step, while the
/// momentum goes the other way (Smith and Topin 2018).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycle {
    /// The highest rate, as a share of the optimiser's.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub peak: f64,
    /// Share of the run until the peak.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub rise: f64,
    /// How many times lower than at the peak the rate is in the first step.
    #[schemars(range(min = 1.0))]
    pub initial_divisor: f64,
    /// How many times lower than in the first step the rate is in the last.
    #[schemars(range(min = 1.0))]
    pub final_divisor: f64,
    /// The way between these rates.
    pub anneal: Anneal,
    /// Whether the fall is as steep as the rise, down to the first rate, before the rate vanishes.
    pub three_phases: bool,
    /// Whether the momentum (Adam's first beta) falls while the rate rises and the other way
    /// round.
    pub cycle_momentum: bool,
    /// The momentum at the peak and far from it.
    #[schemars(inner(range(min = 0.0, max = 0.999999)))]
    pub momentum: [f64; 2],
}

impl Default for OneCycle {
    fn default() -> Self {
        Self {
            peak: 1.0,
            rise: 0.3,
            initial_divisor: 25.0,
            final_divisor: 1e4,
            anneal: Anneal::Cosine,
            three_phases: false,
            cycle_momentum: true,
            momentum: [0.85, 0.95],
        }
    }
}

/// The step in which a phase ends, and the factor and momentum there.
type End = (f64, f64, f64);

impl OneCycle {
    fn phases(&self, steps: f64) -> Vec<End> {
        let initial = self.peak / self.initial_divisor;
        let last = initial / self.final_divisor;
        let [low, high] = self.momentum;
        let peak = self.rise * steps - 1.0;
        let mut ends = vec![(0.0, initial, high), (peak, self.peak, low)];
        if self.three_phases {
            ends.push((2.0 * self.rise * steps - 2.0, initial, high));
        }
        ends.push((steps - 1.0, last, high));
        ends
    }
}

impl Schedule for OneCycle {
    fn pace(&self, moment: &Moment<'_>) -> Pace {
        let steps_per_epoch = moment.steps_per_epoch as f64;
        let step = moment.position * steps_per_epoch;
        let ends = self.phases(moment.epochs as f64 * steps_per_epoch);
        let phases = || ends.windows(2);
        let present = phases()
            .find(|phase| step <= phase[1].0)
            .or_else(|| phases().last());
        let Some(&[(start, from, heavy), (end, to, light)]) = present else {
            return Pace::default();
        };
        // A phase of a very short run may have no length.
        let share = if end > start {
            (step - start) / (end - start)
        } else {
            1.0
        };
        Pace {
            factor: self.anneal.between(from, to, share),
            momentum: self
                .cycle_momentum
                .then(|| self.anneal.between(heavy, light, share)),
        }
    }
}
