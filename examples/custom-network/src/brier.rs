//! A term of the loss.

use burn::tensor::{Tensor, activation::softmax};
use coverslip_nets::{Loss, loss::Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Squared distance of the class probabilities from the true class (Brier 1950), from 0 to 2.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Brier {}

impl Loss for Brier {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let truth = target.indicators(output.dims()[1]);
        let distance = (softmax(output, 1) - truth).square().sum_dim(1);
        // By the weights of the pixels, where there are any.
        target.mean(distance)
    }
}
