//! Ways from one learning rate to another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The way from one rate to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anneal {
    /// Half a cosine.
    #[default]
    Cosine,
    /// A straight line.
    Linear,
}

impl Anneal {
    /// What lies between `from` and `to` after a `share` of the way.
    pub fn between(self, from: f64, to: f64, share: f64) -> f64 {
        let share = share.clamp(0.0, 1.0);
        match self {
            Self::Cosine => to + (from - to) * half_wave(share),
            Self::Linear => from + (to - from) * share,
        }
    }
}

/// From 1 at 0 to 0 at 1, and back to 1 at 2.
pub(super) fn half_wave(share: f64) -> f64 {
    f64::midpoint(1.0, (std::f64::consts::PI * share).cos())
}
