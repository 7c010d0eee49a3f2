use burn::tensor::Tensor;
use coverslip_ops::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, TargetKind};

/// Mean squared error over all values: the mean of many noisy images is its optimum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mse {}

impl Loss for Mse {
    fn value(&self, output: Tensor<5>, target: &Tensor<5>) -> Tensor<1> {
        mean((output - target.clone()).square())
    }

    fn target_kind(&self) -> TargetKind {
        TargetKind::Image
    }
}

/// Mean absolute error over all values: less swayed by outliers than [`Mse`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct L1 {}

impl Loss for L1 {
    fn value(&self, output: Tensor<5>, target: &Tensor<5>) -> Tensor<1> {
        mean((output - target.clone()).abs())
    }

    fn target_kind(&self) -> TargetKind {
        TargetKind::Image
    }
}
