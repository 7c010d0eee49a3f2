//! Terms of the training loss.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cross-entropy of the class probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrossEntropy {
    /// What the term is multiplied by in the sum of all terms.
    #[schemars(range(min = 0.0))]
    pub weight: f64,
    /// One weight for each class, background first; left out, all count the same.
    #[schemars(inner(range(min = 0.0)))]
    pub class_weights: Option<Vec<f64>>,
}

impl Default for CrossEntropy {
    fn default() -> Self {
        Self {
            weight: 1.0,
            class_weights: None,
        }
    }
}

/// Soft Dice loss: one minus the overlap of prediction and target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dice {
    /// What the term is multiplied by in the sum of all terms.
    #[schemars(range(min = 0.0))]
    pub weight: f64,
}

impl Default for Dice {
    fn default() -> Self {
        Self { weight: 1.0 }
    }
}

/// Mean squared error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mse {
    /// What the term is multiplied by in the sum of all terms.
    #[schemars(range(min = 0.0))]
    pub weight: f64,
}

impl Default for Mse {
    fn default() -> Self {
        Self { weight: 1.0 }
    }
}

/// Mean absolute error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct L1 {
    /// What the term is multiplied by in the sum of all terms.
    #[schemars(range(min = 0.0))]
    pub weight: f64,
}

impl Default for L1 {
    fn default() -> Self {
        Self { weight: 1.0 }
    }
}
