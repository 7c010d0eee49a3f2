//! Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019).

use burn::tensor::Tensor;
use coverslip_ops::AdamStep;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Slots, UpdateRule};

/// Adam; weight decay, if any, is added to the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdamOptions {
    /// Size of a step; larger learns faster until training becomes unstable.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// How slowly the running mean of the gradient and that of its square forget, each below 1.
    #[schemars(inner(range(min = 0.0, max = 0.999999)))]
    pub betas: [f64; 2],
    /// Added to the denominator so that it is never zero.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// Pull of each weight towards zero.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
}

impl Default for AdamOptions {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

impl AdamOptions {
    /// The update rule of these options.
    pub fn rule(&self) -> Box<dyn UpdateRule> {
        Box::new(AdamRule {
            learning_rate: self.learning_rate,
            betas: self.betas,
            epsilon: self.epsilon,
            pull: self.weight_decay,
            shrinkage: 0.0,
        })
    }
}

/// Adam with weight decay apart from the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdamWOptions {
    /// Size of a step; larger learns faster until training becomes unstable.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// How slowly the running mean of the gradient and that of its square forget, each below 1.
    #[schemars(inner(range(min = 0.0, max = 0.999999)))]
    pub betas: [f64; 2],
    /// Added to the denominator so that it is never zero.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// Share of each weight that a step of size 1 removes.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
}

impl Default for AdamWOptions {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 1e-2,
        }
    }
}

impl AdamWOptions {
    /// The update rule of these options.
    pub fn rule(&self) -> Box<dyn UpdateRule> {
        Box::new(AdamRule {
            learning_rate: self.learning_rate,
            betas: self.betas,
            epsilon: self.epsilon,
            pull: 0.0,
            shrinkage: self.weight_decay,
        })
    }
}

/// Both kinds of Adam: a running mean of the gradient and one of its square.
struct AdamRule {
    learning_rate: f64,
    betas: [f64; 2],
    epsilon: f64,
    /// Times the weight, added to the gradient.
    pull: f64,
    /// Times rate and weight, taken from the weight.
    shrinkage: f64,
}

impl AdamRule {
    /// The factors of step number `steps`, the first being 1.
    fn factors(&self, rate: f64, steps: usize) -> AdamStep {
        let correction = self.betas.map(|beta| 1.0 - beta.powf(steps as f64));
        let root = correction[1].sqrt();
        AdamStep {
            keep: self.betas.map(|beta| beta as f32),
            take: self.betas.map(|beta| (1.0 - beta) as f32),
            pull: self.pull as f32,
            shrink: (1.0 - rate * self.shrinkage) as f32,
            rate: (rate * root / correction[0]) as f32,
            epsilon: (self.epsilon * root) as f32,
        }
    }
}

impl UpdateRule for AdamRule {
    fn slot_names(&self) -> &'static [&'static str] {
        &["moment_1", "moment_2"]
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn step(
        &self,
        rate: f64,
        weight: Tensor<1>,
        gradient: Tensor<1>,
        slots: Option<Slots>,
    ) -> (Tensor<1>, Slots) {
        let steps = 1 + slots.as_ref().map_or(0, |slots| slots.steps);
        let moments = slots.and_then(|slots| slots.values.try_into().ok());
        let factors = self.factors(rate, steps);
        let (weight, moments) = coverslip_ops::adam(factors, weight, gradient, moments);
        let values = moments.into();
        (weight, Slots { steps, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Ten steps down `x^2` by the formulas of the papers, in double precision.
    fn reference(decoupled: bool, decay: f64) -> f64 {
        let (mut x, mut m, mut v) = (1.0f64, 0.0, 0.0);
        for step in 1..=10 {
            let mut gradient = 2.0 * x;
            if decoupled {
                x *= 1.0 - 0.1 * decay;
            } else {
                gradient += decay * x;
            }
            m = 0.9 * m + 0.1 * gradient;
            v = 0.999 * v + 0.001 * gradient * gradient;
            let corrected = m / (1.0 - 0.9f64.powi(step));
            x -= 0.1 * corrected / ((v / (1.0 - 0.999f64.powi(step))).sqrt() + 1e-8);
        }
        x
    }

    fn descend(rule: &dyn UpdateRule) -> f32 {
        let mut x = Tensor::<1>::ones([1], &Device::flex());
        let mut slots = None;
        for _ in 0..10 {
            let gradient = x.clone().mul_scalar(2.0);
            let (next, kept) = rule.step(rule.learning_rate(), x, gradient, slots);
            (x, slots) = (next, Some(kept));
        }
        x.into_scalar::<f32>()
    }

    #[test]
    fn both_follow_the_papers() {
        let adam = AdamOptions {
            learning_rate: 0.1,
            weight_decay: 0.3,
            ..Default::default()
        };
        let found = descend(adam.rule().as_ref());
        assert!(
            (f64::from(found) - reference(false, 0.3)).abs() < 1e-4,
            "{found}"
        );
        let adamw = AdamWOptions {
            learning_rate: 0.1,
            weight_decay: 0.3,
            ..Default::default()
        };
        let found = descend(adamw.rule().as_ref());
        assert!(
            (f64::from(found) - reference(true, 0.3)).abs() < 1e-4,
            "{found}"
        );
    }
}
