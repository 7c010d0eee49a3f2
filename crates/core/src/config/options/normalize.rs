//! Normalisation of intensities, image by image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maps two percentiles of the intensities to the ends of a range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Percentile {
    /// Percentile that becomes the lower end.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub low: f64,
    /// Percentile that becomes the upper end.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub high: f64,
    /// The ends of the range.
    pub range: [f64; 2],
    /// Whether values outside are cut off at the ends.
    pub clip: bool,
}

impl Default for Percentile {
    fn default() -> Self {
        Self {
            low: 0.5,
            high: 99.5,
            range: [0.0, 1.0],
            clip: true,
        }
    }
}

/// Subtracts the mean and divides by the standard deviation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Standard {}

/// Maps the smallest and the largest intensity to the ends of a range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MinMax {
    /// The ends of the range.
    pub range: [f64; 2],
}

impl Default for MinMax {
    fn default() -> Self {
        Self { range: [0.0, 1.0] }
    }
}
