//! Stochastic gradient descent with momentum, in the form of Sutskever et al. 2013 that PyTorch
//! computes: the rate multiplies the momentum too.

use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Slots, UpdateRule};
use crate::learning::schedule::Pace;

/// Gradient descent, with momentum if wanted; weight decay is added to the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SgdOptions {
    /// Size of a step; larger learns faster until training becomes unstable.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// Share of the last step that the next one keeps.
    #[schemars(range(min = 0.0, max = 0.999999))]
    pub momentum: f64,
    /// Share of the gradient that the momentum does not take up.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub dampening: f64,
    /// Whether a step looks ahead along the momentum (Nesterov); needs a momentum and no dampening.
    pub nesterov: bool,
    /// Pull of each weight towards zero.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
}

impl Default for SgdOptions {
    fn default() -> Self {
        Self {
            learning_rate: 1e-2,
            momentum: 0.0,
            dampening: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        }
    }
}

impl UpdateRule for SgdOptions {
    fn slot_names(&self) -> Vec<&'static str> {
        if self.momentum > 0.0 {
            vec!["momentum"]
        } else {
            Vec::new()
        }
    }

    fn step(
        &self,
        pace: Pace,
        weight: Tensor<1>,
        gradient: Tensor<1>,
        slots: Option<Slots>,
    ) -> (Tensor<1>, Slots) {
        let steps = 1 + slots.as_ref().map_or(0, |slots| slots.steps);
        let gradient = pulled(gradient, &weight, self.weight_decay);
        let mut values = Vec::new();
        let mut direction = gradient.clone();
        if self.momentum > 0.0 {
            let momentum = pace.momentum.unwrap_or(self.momentum);
            // The first step takes all of the gradient, dampened or not.
            let velocity = match slots.and_then(|slots| slots.values.into_iter().next()) {
                Some(velocity) => {
                    velocity.mul_scalar(momentum)
                        + gradient.clone().mul_scalar(1.0 - self.dampening)
                }
                None => gradient.clone(),
            };
            direction = if self.nesterov {
                gradient + velocity.clone().mul_scalar(momentum)
            } else {
                velocity.clone()
            };
            values.push(velocity);
        }
        let moved = direction.mul_scalar(self.learning_rate * pace.factor);
        (weight - moved, Slots { steps, values })
    }
}

/// The gradient with what pulls the weight towards zero.
pub(super) fn pulled(gradient: Tensor<1>, weight: &Tensor<1>, weight_decay: f64) -> Tensor<1> {
    if weight_decay == 0.0 {
        return gradient;
    }
    gradient + weight.clone().mul_scalar(weight_decay)
}
