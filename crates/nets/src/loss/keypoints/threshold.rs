//! The threshold of key points and its surrogate gradients.

use burn::tensor::{Tensor, activation::sigmoid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::loss::gradient::with_slope;

/// Which pixels are key points, with a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Threshold {
    /// A pixel is a key point when its probability is larger.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// What stands for the gradient of the step.
    pub surrogate: Surrogate,
    /// Width of the sigmoid of the surrogate.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub width: f64,
}

/// What stands for the gradient of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Surrogate {
    /// The step forward, the slope of the sigmoid backward: exact counts, and only pixels near the
    /// threshold are pushed.
    #[default]
    SteSigmoid,
    /// The step forward, slope 1 backward.
    SteIdentity,
    /// The sigmoid itself. Every pixel of the background counts a little, which drives out true points.
    Soft,
}

impl Default for Threshold {
    fn default() -> Self {
        Self {
            threshold: 0.3,
            surrogate: Surrogate::SteSigmoid,
            width: 0.1,
        }
    }
}

impl Threshold {
    /// 1 at key points, 0 elsewhere, of probabilities of the same shape.
    pub fn apply(&self, probability: Tensor<5>) -> Tensor<5> {
        let soft = || {
            let above = probability.clone().sub_scalar(self.threshold);
            sigmoid(above.div_scalar(self.width))
        };
        let step = || {
            let is_point = probability.clone().detach().greater_elem(self.threshold);
            probability.zeros_like().mask_fill(is_point, 1.0)
        };
        match self.surrogate {
            Surrogate::Soft => soft(),
            Surrogate::SteIdentity => {
                let slope = probability.ones_like();
                with_slope(step(), probability, slope)
            }
            Surrogate::SteSigmoid => {
                let soft = soft().detach();
                let slope = (soft.clone() * soft.neg().add_scalar(1.0)).div_scalar(self.width);
                with_slope(step(), probability, slope)
            }
        }
    }
}
