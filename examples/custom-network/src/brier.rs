//! A term of the loss.

use burn::tensor::{Tensor, activation::softmax};
use coverslip_nets::{Loss, loss::TargetKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Squared distance of the class probabilities from the true class (Brier 1950), from 0 to 2.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Brier {}

impl Loss for Brier {
    fn value(&self, output: Tensor<5>, target: &Tensor<5>) -> Tensor<1> {
        let classes = output.dims()[1];
        let truth = (0..classes).map(|class| target.clone().equal_scalar(class as f32).float());
        let truth = Tensor::cat(truth.collect(), 1);
        let distance = (softmax(output, 1) - truth).square().sum_dim(1);
        distance.mean()
    }

    fn target_kind(&self) -> TargetKind {
        TargetKind::Classes
    }
}
