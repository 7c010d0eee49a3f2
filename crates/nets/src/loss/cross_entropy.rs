use burn::tensor::{Tensor, TensorData, activation::log_softmax};
use coverslip_ops::sum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, TargetKind, one_hot};

/// Cross-entropy of the soft-max of the scores with the target class:
/// `sum_i w(t_i) (-log p_i(t_i)) / sum_i w(t_i)` over all pixels `i`, as PyTorch weighs classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrossEntropy {
    /// One weight per class; rare classes deserve larger ones. All 1 when absent.
    pub class_weights: Option<Vec<f32>>,
}

impl Loss for CrossEntropy {
    fn value(&self, output: Tensor<5>, target: &Tensor<5>) -> Tensor<1> {
        let classes = output.dims()[1];
        let mut indicators = one_hot(target, classes);
        if let Some(weights) = &self.class_weights {
            let data = TensorData::new(weights.clone(), [1, classes, 1, 1, 1]);
            indicators = indicators * Tensor::from_data(data, &target.device());
        }
        let total = sum(indicators.clone());
        // No weighted pixel at all: nothing to learn, so 0 rather than 0 / 0.
        let total = total.clone().mask_fill(total.equal_scalar(0.0), 1.0);
        sum(indicators * log_softmax(output, 1)).neg() / total
    }

    fn target_kind(&self) -> TargetKind {
        TargetKind::Classes
    }
}
