//! The Dice loss.

use burn::tensor::{Tensor, TensorData};
use coverslip_ops::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, LossActivation, Target, overlap::Overlap};

/// Soft Dice loss: `1 - (2 I + e) / (P + T + e)` per image and class, then the mean, with `I` the
/// sum of probability times target, `P` and `T` the sums of probabilities and targets over the
/// image (Milletari et al. 2016, in MONAI's form).
///
/// Milesial's U-Net pools the sums over the batch (`batch: true`, `smooth: 1e-6`), since December 2022
/// over the classes too (`pool_classes: true`); dlsia's loss is that with `smooth: 1` of probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "options of a config, each by itself"
)]
pub struct Dice {
    /// What turns scores into probabilities.
    pub activation: LossActivation,
    /// Whether class 0 counts.
    pub include_background: bool,
    /// Whether P and T sum squares (V-Net) rather than the values themselves.
    pub squared: bool,
    /// Whether the score is the Jaccard index `(2 I + e) / (2 (P + T - I) + e)` instead.
    pub jaccard: bool,
    /// Whether the sums run over the whole batch rather than each image: steadier when a class is
    /// missing from many patches.
    pub batch: bool,
    /// Whether the sums run over all classes together rather than each.
    pub pool_classes: bool,
    /// Added to numerator and denominator, so that an absent class that is not predicted is right.
    #[schemars(range(min = 0.0))]
    pub smooth: f64,
    /// One weight per counted class. All 1 when absent.
    pub class_weights: Option<Vec<f32>>,
}

impl Default for Dice {
    fn default() -> Self {
        Self {
            activation: LossActivation::Auto,
            include_background: true,
            squared: false,
            jaccard: false,
            batch: false,
            pool_classes: false,
            smooth: 1e-5,
            class_weights: None,
        }
    }
}

impl Loss for Dice {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let overlap = Overlap {
            activation: self.activation,
            include_background: self.include_background,
            batch: self.batch,
        };
        let compared = overlap.compare(output, target);
        let total = |values: Tensor<5>| {
            let sums = compared.total(values);
            if self.pool_classes {
                sums.sum_dim(1)
            } else {
                sums
            }
        };
        let size = |values: &Tensor<5>| {
            total(if self.squared {
                values.clone().square()
            } else {
                values.clone()
            })
        };
        let (p, t) = (&compared.probability, &compared.truth);
        let intersection = total(p.clone() * t.clone());
        let mut whole = size(p) + size(t);
        if self.jaccard {
            whole = (whole - intersection.clone()).mul_scalar(2.0);
        }
        let score =
            intersection.mul_scalar(2.0).add_scalar(self.smooth) / whole.add_scalar(self.smooth);
        let mut loss = score.neg().add_scalar(1.0);
        if let Some(weights) = &self.class_weights {
            let data = TensorData::new(weights.clone(), [1, weights.len()]);
            loss = loss * Tensor::from_data(data, &p.device());
        }
        mean(loss)
    }
}
