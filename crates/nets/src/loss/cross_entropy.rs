//! The cross-entropy loss.

use burn::tensor::{Tensor, activation::log_softmax};
use coverslip_ops::sum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Loss, Target,
    reduce::{divide, per_class},
};

/// Cross-entropy of the soft-max of the scores with the target class:
/// `sum_i w(t_i) (-log p_i(t_i)) / sum_i w(t_i)` over all pixels `i`, as PyTorch weighs classes.
///
/// A weight `m_i` of a pixel multiplies `w(t_i)` in both sums. Pixels whose number is no class do not count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrossEntropy {
    /// One weight per class; rare classes deserve larger ones. All 1 when absent.
    pub class_weights: Option<Vec<f32>>,
    /// The share of the target that is spread over all classes alike, against overconfidence
    /// (Szegedy et al. 2016).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub label_smoothing: f64,
    /// What the sum over the pixels is divided by.
    pub average: Average,
}

/// What the cross-entropy of all pixels is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Average {
    /// The sum of the weights of the pixels and their classes.
    #[default]
    Weights,
    /// The number of values of the output, pixels times classes, whatever the weights: the pixel-wise
    /// cross-entropy of `mmv_im2im`.
    Values,
}

impl Loss for CrossEntropy {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let [n, classes, z, y, x] = output.dims();
        let log_p = log_softmax(output, 1);
        let mut counted = target.indicators(classes);
        if let Some(weight) = &target.weight {
            counted = counted * weight.clone();
        }
        let mut expected = counted.clone();
        let mut spread = log_p.clone();
        if let Some(weights) = &self.class_weights {
            let weights = per_class(weights, &log_p.device());
            expected = expected * weights.clone();
            spread = spread * weights;
        }
        let total = match self.average {
            Average::Weights => sum(expected.clone()),
            Average::Values => Tensor::full(
                [1],
                (n * classes * z * y * x) as f64,
                (&log_p.device(), log_p.dtype()),
            ),
        };
        let hard = sum(expected * log_p);
        let found = if self.label_smoothing == 0.0 {
            hard
        } else {
            let even = sum(counted.sum_dim(1) * spread.sum_dim(1)).div_scalar(classes as f64);
            hard.mul_scalar(1.0 - self.label_smoothing) + even.mul_scalar(self.label_smoothing)
        };
        // No pixel that counts: nothing to learn, so 0 rather than 0 / 0.
        divide(found.neg(), total)
    }
}
