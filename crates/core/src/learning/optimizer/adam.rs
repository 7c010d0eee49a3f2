//! Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019).

use std::marker::PhantomData;

use burn::tensor::Tensor;
use coverslip_ops::AdamStep;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Slots, UpdateRule};
use crate::learning::schedule::Pace;

/// Where weight decay acts.
pub trait WeightDecay: Send {
    /// On the weight, apart from the gradient.
    const IS_DECOUPLED: bool;
}

/// Weight decay as a part of the gradient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InGradient;

impl WeightDecay for InGradient {
    const IS_DECOUPLED: bool = false;
}

/// Weight decay apart from the gradient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoupled;

impl WeightDecay for Decoupled {
    const IS_DECOUPLED: bool = true;
}

/// Adam. `adam` adds the weight decay to the gradient, `adamw` takes it from the weight itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, bound = "")]
#[schemars(rename = "Adam", bound = "")]
pub struct AdamOptions<W: WeightDecay = InGradient> {
    /// Size of a step; larger learns faster until training becomes unstable.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// How slowly the running mean of the gradient and that of its square forget, each below 1.
    #[schemars(inner(range(min = 0.0, max = 0.999999)))]
    pub betas: [f64; 2],
    /// Added to the denominator so that it is never zero.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// Pull of each weight towards zero; for `adamw` the share that a step of size 1 removes.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
    /// Whether steps are divided by the largest running square so far (Reddi et al. 2018).
    pub amsgrad: bool,
    #[serde(skip)]
    weight_decay_acts: PhantomData<W>,
}

/// Adam with weight decay apart from the gradient.
pub type AdamWOptions = AdamOptions<Decoupled>;

impl<W: WeightDecay> Default for AdamOptions<W> {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: if W::IS_DECOUPLED { 1e-2 } else { 0.0 },
            amsgrad: false,
            weight_decay_acts: PhantomData,
        }
    }
}

impl<W: WeightDecay> AdamOptions<W> {
    /// The factors of step number `steps`, the first being 1.
    fn factors(&self, pace: Pace, steps: usize) -> AdamStep {
        let betas = [pace.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let rate = self.learning_rate * pace.factor;
        let correction = betas.map(|beta| 1.0 - beta.powf(steps as f64));
        let root = correction[1].sqrt();
        let (pull, shrinkage) = if W::IS_DECOUPLED {
            (0.0, self.weight_decay)
        } else {
            (self.weight_decay, 0.0)
        };
        AdamStep {
            keep: betas.map(|beta| beta as f32),
            take: betas.map(|beta| (1.0 - beta) as f32),
            pull: pull as f32,
            shrink: (1.0 - rate * shrinkage) as f32,
            rate: (rate * root / correction[0]) as f32,
            epsilon: (self.epsilon * root) as f32,
        }
    }
}

impl<W: WeightDecay> UpdateRule for AdamOptions<W> {
    fn slot_names(&self) -> Vec<&'static str> {
        let mut names = vec!["moment_1", "moment_2"];
        if self.amsgrad {
            names.push("largest_moment_2");
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
        let factors = self.factors(pace, steps);
        let values = slots.map(|slots| slots.values);
        let (weight, values) = if self.amsgrad {
            let moments = values.and_then(|values| values.try_into().ok());
            let (weight, moments) = amsgrad(factors, weight, gradient, moments);
            (weight, moments.into())
        } else {
            let moments = values.and_then(|values| values.try_into().ok());
            let (weight, moments) = coverslip_ops::adam(factors, weight, gradient, moments);
            (weight, moments.into())
        };
        (weight, Slots { steps, values })
    }
}

/// A step whose denominator never shrinks: the third tensor is the largest second moment so far.
fn amsgrad(
    step: AdamStep,
    weight: Tensor<1>,
    gradient: Tensor<1>,
    moments: Option<[Tensor<1>; 3]>,
) -> (Tensor<1>, [Tensor<1>; 3]) {
    let zeros = || gradient.zeros_like();
    let [first, second, largest] = moments.unwrap_or_else(|| [zeros(), zeros(), zeros()]);
    let gradient = gradient + weight.clone().mul_scalar(step.pull);
    let first = first.mul_scalar(step.keep[0]) + gradient.clone().mul_scalar(step.take[0]);
    let second = second.mul_scalar(step.keep[1]) + gradient.square().mul_scalar(step.take[1]);
    let largest = largest.max_pair(second.clone());
    let root = largest.clone().sqrt().add_scalar(step.epsilon);
    let moved = first.clone().mul_scalar(step.rate) / root;
    let weight = weight.mul_scalar(step.shrink) - moved;
    (weight, [first, second, largest])
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
            let (next, kept) = rule.step(Pace::default(), x, gradient, slots);
            (x, slots) = (next, Some(kept));
        }
        x.into_scalar::<f32>()
    }

    #[test]
    fn both_follow_the_papers() {
        let adam: AdamOptions = AdamOptions {
            learning_rate: 0.1,
            weight_decay: 0.3,
            ..Default::default()
        };
        let found = descend(&adam);
        assert!(
            (f64::from(found) - reference(false, 0.3)).abs() < 1e-4,
            "{found}"
        );
        let adamw = AdamWOptions {
            learning_rate: 0.1,
            weight_decay: 0.3,
            ..Default::default()
        };
        let found = descend(&adamw);
        assert!(
            (f64::from(found) - reference(true, 0.3)).abs() < 1e-4,
            "{found}"
        );
    }
}
