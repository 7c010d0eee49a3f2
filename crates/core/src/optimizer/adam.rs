//! Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019).

use burn::{
    optim::{
        AdamConfig, AdamState, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _,
        decay::WeightDecayConfig,
    },
    tensor::Tensor,
};
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
        let decay =
            (self.weight_decay > 0.0).then(|| WeightDecayConfig::new(self.weight_decay as f32));
        let rule = AdamConfig::new()
            .with_beta_1(self.betas[0] as f32)
            .with_beta_2(self.betas[1] as f32)
            .with_epsilon(self.epsilon as f32)
            .with_weight_decay(decay)
            .build();
        Box::new(MomentRule {
            learning_rate: self.learning_rate,
            update: move |rate, weight, gradient, moments: Option<Moments>| {
                let state = moments.map(AdamState::new);
                let (weight, state) = rule.step(rate, weight, gradient, state);
                (weight, state.map(|state| state.momentum))
            },
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
        let rule = AdamWConfig::new()
            .with_beta_1(self.betas[0] as f32)
            .with_beta_2(self.betas[1] as f32)
            .with_epsilon(self.epsilon as f32)
            .with_weight_decay(self.weight_decay as f32)
            .build();
        Box::new(MomentRule {
            learning_rate: self.learning_rate,
            update: move |rate, weight, gradient, moments: Option<Moments>| {
                let state = moments.map(AdamWState::new);
                let (weight, state) = rule.step(rate, weight, gradient, state);
                (weight, state.map(|state| state.momentum))
            },
        })
    }
}

type Moments = AdaptiveMomentumState<1>;

/// A rule that remembers a running mean of the gradient and one of its square. `update` gives the
/// new weight for a rate, a weight, its gradient and what was remembered.
struct MomentRule<F> {
    learning_rate: f64,
    update: F,
}

impl<F> UpdateRule for MomentRule<F>
where
    F: Fn(f64, Tensor<1>, Tensor<1>, Option<Moments>) -> (Tensor<1>, Option<Moments>) + Send,
{
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
        let (weight, moments) = (self.update)(rate, weight, gradient, slots.and_then(from_slots));
        let moments = moments.expect("burn's rules give back what they remember");
        let slots = Slots {
            steps: moments.time,
            values: vec![moments.moment_1, moments.moment_2],
        };
        (weight, slots)
    }
}

fn from_slots(slots: Slots) -> Option<Moments> {
    let [first, second] = <[Tensor<1>; 2]>::try_from(slots.values).ok()?;
    Some(Moments::new(slots.steps, first, second))
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
