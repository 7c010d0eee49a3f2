use burn::tensor::{
    Tensor, TensorData,
    activation::{sigmoid, softmax},
};
use coverslip_ops::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, TargetKind, one_hot};

/// Soft Dice loss: `1 - (2 I + e) / (P + T + e)` per image and class, then the mean, with `I` the
/// sum of probability times target, `P` and `T` the sums of probabilities and targets over the
/// image (Milletari et al. 2016, in MONAI's form).
///
/// Probabilities are the soft-max of the scores, or the sigmoid when there is one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dice {
    /// Whether class 0 counts.
    pub include_background: bool,
    /// Whether P and T sum squares (V-Net) rather than the values themselves.
    pub squared: bool,
    /// Whether the sums run over the whole batch rather than each image: steadier when a class is
    /// missing from many patches.
    pub batch: bool,
    /// Added to numerator and denominator, so that an absent class that is not predicted is right.
    #[schemars(range(min = 0.0))]
    pub smooth: f64,
    /// One weight per counted class. All 1 when absent.
    pub class_weights: Option<Vec<f32>>,
}

impl Default for Dice {
    fn default() -> Self {
        Self {
            include_background: true,
            squared: false,
            batch: false,
            smooth: 1e-5,
            class_weights: None,
        }
    }
}

impl Loss for Dice {
    fn value(&self, output: Tensor<5>, target: &Tensor<5>) -> Tensor<1> {
        let [n, classes, z, y, x] = output.dims();
        let (mut probability, mut truth) = if classes == 1 {
            (sigmoid(output), target.clone())
        } else {
            (softmax(output, 1), one_hot(target, classes))
        };
        let mut counted = classes;
        if !self.include_background && classes > 1 {
            let foreground = [0..n, 1..classes, 0..z, 0..y, 0..x];
            probability = probability.slice(foreground.clone());
            truth = truth.slice(foreground);
            counted -= 1;
        }
        let total = |values: Tensor<5>| {
            let rows = values
                .reshape([n * counted, z * y * x])
                .sum_dim(1)
                .reshape([n, counted]);
            if self.batch { rows.sum_dim(0) } else { rows }
        };
        let intersection = total(probability.clone() * truth.clone());
        let size = |values: Tensor<5>| {
            total(if self.squared {
                values.square()
            } else {
                values
            })
        };
        let sizes = size(probability) + size(truth);
        let score =
            (intersection.mul_scalar(2.0).add_scalar(self.smooth)) / sizes.add_scalar(self.smooth);
        let mut loss = score.neg().add_scalar(1.0);
        if let Some(weights) = &self.class_weights {
            let data = TensorData::new(weights.clone(), [1, counted]);
            loss = loss * Tensor::from_data(data, &target.device());
        }
        mean(loss)
    }

    fn target_kind(&self) -> TargetKind {
        TargetKind::Classes
    }
}
