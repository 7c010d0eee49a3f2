//! `RMSprop` (Tieleman and Hinton 2012), with the root taken before the epsilon is added, as PyTorch
//! does.

use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Slots, UpdateRule, sgd::pulled};
use crate::learning::schedule::Pace;

/// Gradient descent divided by a running root mean square; weight decay is added to the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RmspropOptions {
    /// Size of a step; larger learns faster until training becomes unstable.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// How slowly the running mean of the gradient's square forgets.
    #[schemars(range(min = 0.0, max = 0.999999))]
    pub alpha: f64,
    /// Added to the denominator so that it is never zero.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// Share of the last step that the next one keeps.
    #[schemars(range(min = 0.0, max = 0.999999))]
    pub momentum: f64,
    /// Whether the denominator is the running standard deviation instead.
    pub centered: bool,
    /// Pull of each weight towards zero.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
}

impl Default for RmspropOptions {
    fn default() -> Self {
        Self {
            learning_rate: 1e-2,
            alpha: 0.99,
            epsilon: 1e-8,
            momentum: 0.0,
            centered: false,
            weight_decay: 0.0,
        }
    }
}

impl RmspropOptions {
    /// What the running mean becomes.
    fn follow(&self, mean: Option<Tensor<1>>, value: Tensor<1>) -> Tensor<1> {
        let added = value.mul_scalar(1.0 - self.alpha);
        match mean {
            Some(mean) => mean.mul_scalar(self.alpha) + added,
            None => added,
        }
    }
}

impl UpdateRule for RmspropOptions {
    fn slot_names(&self) -> Vec<&'static str> {
        let mut names = vec!["square"];
        if self.centered {
            names.push("mean");
        }
        if self.momentum > 0.0 {
            names.push("momentum");
        }
        names
    }

    fn step(
        &self,
        pace: Pace,
        weight: Tensor<1>,
        gradient: Tensor<1>,
        slots: Option<Slots>,
    ) -> (Tensor<1>, Slots) {
        let steps = 1 + slots.as_ref().map_or(0, |slots| slots.steps);
        // In the order of their names.
        let mut before = slots.into_iter().flat_map(|slots| slots.values);
        let gradient = pulled(gradient, &weight, self.weight_decay);
        let square = self.follow(before.next(), gradient.clone().square());
        let mut values = vec![square.clone()];
        let root = if self.centered {
            let mean = self.follow(before.next(), gradient.clone());
            values.push(mean.clone());
            (square - mean.square()).clamp_min(0.0).sqrt()
        } else {
            square.sqrt()
        };
        let mut direction = gradient / root.add_scalar(self.epsilon);
        if self.momentum > 0.0 {
            if let Some(velocity) = before.next() {
                let momentum = pace.momentum.unwrap_or(self.momentum);
                direction = direction + velocity.mul_scalar(momentum);
            }
            values.push(direction.clone());
        }
        let moved = direction.mul_scalar(self.learning_rate * pace.factor);
        (weight - moved, Slots { steps, values })
    }
}
