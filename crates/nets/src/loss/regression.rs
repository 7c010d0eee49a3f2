//! The losses of regression: mean squared and absolute error, smooth L1, Huber.

use burn::tensor::Tensor;
use coverslip_ops::sum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, Target, reduce::weighted_mean};

/// How the errors of all values become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// The mean, by the weights of the pixels where there are any.
    #[default]
    Mean,
    /// The weighted sum of each image, then the mean of the batch: for weights that add up to 1 in each
    /// image (`pytorch_fnet`).
    ImageSum,
}

impl Reduction {
    fn apply(self, errors: Tensor<5>, weight: Option<&Tensor<5>>) -> Tensor<1> {
        match self {
            Self::Mean => weighted_mean(errors, weight),
            Self::ImageSum => {
                let images = errors.dims()[0];
                let errors = match weight {
                    Some(weight) => errors * weight.clone(),
                    None => errors,
                };
                sum(errors).div_scalar(images as f64)
            }
        }
    }
}

/// Mean squared error over all values: the mean of many noisy images is its optimum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mse {
    /// How the errors become one number.
    pub reduction: Reduction,
}

impl Loss for Mse {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let errors = (output - target.values.clone()).square();
        self.reduction.apply(errors, target.weight.as_ref())
    }
}

/// Mean absolute error over all values: less swayed by outliers than the squared error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct L1 {
    /// How the errors become one number.
    pub reduction: Reduction,
}

impl Loss for L1 {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let errors = (output - target.values.clone()).abs();
        self.reduction.apply(errors, target.weight.as_ref())
    }
}

/// Squared error `d^2 / (2 beta)` where `|d| < beta`, `|d| - beta / 2` beyond (Girshick 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmoothL1 {
    /// The error from which on it counts linearly.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub beta: f64,
    /// How the errors become one number.
    pub reduction: Reduction,
}

impl Default for SmoothL1 {
    fn default() -> Self {
        Self {
            beta: 1.0,
            reduction: Reduction::Mean,
        }
    }
}

impl Loss for SmoothL1 {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let errors = huber(output - target.values.clone(), self.beta).div_scalar(self.beta);
        self.reduction.apply(errors, target.weight.as_ref())
    }
}

/// Squared error `d^2 / 2` where `|d| < delta`, `delta (|d| - delta / 2)` beyond (Huber 1964).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Huber {
    /// The error from which on it counts linearly.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub delta: f64,
    /// How the errors become one number.
    pub reduction: Reduction,
}

impl Default for Huber {
    fn default() -> Self {
        Self {
            delta: 1.0,
            reduction: Reduction::Mean,
        }
    }
}

impl Loss for Huber {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let errors = huber(output - target.values.clone(), self.delta);
        self.reduction.apply(errors, target.weight.as_ref())
    }
}

/// `c (|d| - c / 2)` with `c = min(|d|, delta)`: both branches in one.
pub(super) fn huber<const D: usize>(difference: Tensor<D>, delta: f64) -> Tensor<D> {
    let size = difference.abs();
    let near = size.clone().clamp_max(delta);
    near.clone() * (size - near.mul_scalar(0.5))
}
