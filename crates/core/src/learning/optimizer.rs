//! Optimisers: from gradients to new weights.
//!
//! What a rule remembers of a weight is kept by the weight's name, so that a run continues in another
//! process with the same bits.

mod adam;
mod clip;
mod rmsprop;
mod sgd;

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{Device, Gradients, Tensor, TensorData},
};
use coverslip_nets::weights::{ModulePath, StateDict};

pub use adam::{AdamOptions, AdamWOptions, Decoupled, InGradient, WeightDecay};
pub use clip::ClipGradient;
pub use rmsprop::RmspropOptions;
pub use sgd::SgdOptions;

use crate::learning::{
    memory::{Memory, MemoryError},
    schedule::Pace,
};
use clip::Limit;

/// What a rule remembers of one weight.
#[derive(Clone, Debug)]
pub struct Slots {
    /// Steps taken.
    pub steps: usize,
    /// One tensor for each of [`UpdateRule::slot_names`], as long as the weight.
    pub values: Vec<Tensor<1>>,
}

/// How one weight follows its gradient; both arrive flattened.
pub trait UpdateRule: Send {
    /// The names of what the rule remembers.
    fn slot_names(&self) -> Vec<&'static str>;

    /// The new weight after a step at the schedule's `pace`.
    fn step(
        &self,
        pace: Pace,
        weight: Tensor<1>,
        gradient: Tensor<1>,
        slots: Option<Slots>,
    ) -> (Tensor<1>, Slots);
}

/// A rule with what it remembers of every weight, by the weight's name.
pub struct Optimizer {
    rule: Box<dyn UpdateRule>,
    clip: Option<ClipGradient>,
    slots: BTreeMap<String, Slots>,
}

impl Optimizer {
    /// Starts without memory; gradients are clipped first, if at all.
    pub fn new(rule: Box<dyn UpdateRule>, clip: Option<ClipGradient>) -> Self {
        Self {
            rule,
            clip,
            slots: BTreeMap::new(),
        }
    }

    /// Moves every weight of `module` that has a gradient.
    pub fn step<M: Module>(&mut self, module: M, gradients: Gradients, pace: Pace) -> M {
        let limit = self.clip.map(|clip| clip.limit(&module, &gradients));
        let mut stepper = Stepper {
            path: ModulePath::default(),
            optimizer: self,
            gradients,
            limit,
            pace,
        };
        module.map(&mut stepper)
    }
}

/// Tensors are named `weight name` + `.` + slot, and `weight name.steps`.
impl Memory for Optimizer {
    fn state(&self) -> StateDict {
        let mut dict = StateDict::new();
        for (name, slots) in &self.slots {
            // A step count is exact in 32-bit floats up to 2^24 steps.
            let steps = TensorData::new(vec![slots.steps as f32], [1]);
            dict.insert(format!("{name}.steps"), steps);
            for (slot, value) in self.rule.slot_names().iter().zip(&slots.values) {
                dict.insert(format!("{name}.{slot}"), value.clone().into_data());
            }
        }
        dict
    }

    fn restore(&mut self, dict: &StateDict, device: &Device) -> Result<(), MemoryError> {
        self.slots.clear();
        for (key, steps) in dict {
            let Some(name) = key.strip_suffix(".steps") else {
                continue;
            };
            let steps = steps
                .iter::<f32>()
                .next()
                .ok_or_else(|| MemoryError(format!("{key} is empty")))?;
            let names = self.rule.slot_names();
            let values = names.iter().map(|slot| {
                let entry = format!("{name}.{slot}");
                let data = dict
                    .get(&entry)
                    .ok_or_else(|| MemoryError(format!("{entry} is missing")))?;
                Ok(Tensor::from_data(data.clone(), device))
            });
            let values = values.collect::<Result<_, MemoryError>>()?;
            self.slots.insert(
                name.to_owned(),
                Slots {
                    steps: steps as usize,
                    values,
                },
            );
        }
        Ok(())
    }
}

struct Stepper<'a> {
    path: ModulePath,
    optimizer: &'a mut Optimizer,
    gradients: Gradients,
    limit: Option<Limit>,
    pace: Pace,
}

impl ModuleMapper for Stepper<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = param.val().grad_remove(&mut self.gradients) else {
            return param;
        };
        let name = self.path.name();
        param.map(|tensor| {
            let shape = tensor.shape();
            let length = shape.num_elements();
            let weight = tensor.inner().reshape([length]);
            let slots = self.optimizer.slots.remove(&name);
            let gradient = gradient.reshape([length]);
            let gradient = match &self.limit {
                Some(limit) => limit.apply(gradient),
                None => gradient,
            };
            let (weight, slots) = self.optimizer.rule.step(self.pace, weight, gradient, slots);
            self.optimizer.slots.insert(name.clone(), slots);
            Tensor::from_inner(weight.reshape(shape)).require_grad()
        })
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }
}
