//! The Tversky loss.

use burn::tensor::Tensor;
use coverslip_ops::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, LossActivation, Target, overlap::Overlap};

/// Tversky loss `1 - (I + e) / (I + alpha FP + beta FN + e)` per image and class, then the mean: a Dice
/// loss where missed and invented pixels cost differently (Salehi et al. 2017, in MONAI's form).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tversky {
    /// What turns scores into probabilities.
    pub activation: LossActivation,
    /// Whether class 0 counts.
    pub include_background: bool,
    /// Whether the sums run over the whole batch rather than each image.
    pub batch: bool,
    /// What a false positive costs.
    #[schemars(range(min = 0.0))]
    pub alpha: f64,
    /// What a false negative costs.
    #[schemars(range(min = 0.0))]
    pub beta: f64,
    /// Added to numerator and denominator.
    #[schemars(range(min = 0.0))]
    pub smooth: f64,
}

impl Default for Tversky {
    fn default() -> Self {
        Self {
            activation: LossActivation::Auto,
            include_background: true,
            batch: false,
            alpha: 0.5,
            beta: 0.5,
            smooth: 1e-5,
        }
    }
}

impl Loss for Tversky {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let overlap = Overlap {
            activation: self.activation,
            include_background: self.include_background,
            batch: self.batch,
        };
        let [both, predicted, truth] = overlap.compare(output, target).totals();
        let invented = (predicted - both.clone()).mul_scalar(self.alpha);
        let missed = (truth - both.clone()).mul_scalar(self.beta);
        let whole = both.clone() + invented + missed;
        let score = both.add_scalar(self.smooth) / whole.add_scalar(self.smooth);
        mean(score.neg().add_scalar(1.0))
    }
}
