//! Frameworks: what happens in one training step and in one prediction.
//!
//! A framework owns its networks, losses and optimisers. The trainer runs any of them and knows
//! nothing of what they compute.

mod fcn;
mod workshop;

use std::collections::BTreeMap;

use coverslip_nets::SizeRule;
use ndarray::Array4;

pub use fcn::{Fcn, FcnOptions};
pub use workshop::Workshop;

use crate::{data::Batch, error::Error, registry::Named, state_dict::StateDict};

/// Values that describe a batch, by name; `loss` is always among them.
pub type Scores = BTreeMap<String, f64>;

/// What differs between training steps beside the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// What the schedule multiplies the learning rate by.
    pub rate_factor: f64,
    /// What random layers draw from; another number for every step of a run.
    pub draw: u64,
}

/// A framework in training.
pub trait Framework {
    /// One step on `batch`. Gives the loss.
    fn train_step(&mut self, batch: &Batch, step: Step) -> f64;

    /// What the present weights make of `batch`, without learning from it.
    fn validate(&self, batch: &Batch) -> Scores;

    /// The present weights, ready to predict.
    fn predictor(&self) -> Box<dyn Predictor>;

    /// The weights that prediction needs.
    fn weights(&self) -> StateDict;

    /// Everything that training needs to go on: weights and the optimiser's memory.
    fn state(&self) -> StateDict;

    /// Takes back what [`Self::state`] gave.
    ///
    /// # Errors
    ///
    /// When it belongs to another network or optimiser.
    fn restore(&mut self, state: &StateDict) -> Result<(), String>;
}

/// A trained framework that predicts.
pub trait Predictor {
    /// Class probabilities or image values, `[C', Z, Y, X]`, of a normalised image
    /// `[C, Z, Y, X]` whose sizes are multiples of [`SizeRule::multiple`].
    fn predict(&self, image: &Array4<f32>) -> Array4<f32>;

    /// The sizes it accepts.
    fn sizes(&self) -> SizeRule;
}

/// How a framework is made from a config; what the registry holds under its name.
pub trait FrameworkKind: Send + Sync {
    /// A framework with fresh weights.
    ///
    /// # Errors
    ///
    /// When the options fit neither it nor its parts.
    fn train(&self, options: &Named, workshop: &Workshop<'_>) -> Result<Box<dyn Framework>, Error>;

    /// A framework with given weights that only predicts.
    ///
    /// # Errors
    ///
    /// As [`Self::train`], and when the weights do not fit.
    fn predictor(
        &self,
        options: &Named,
        workshop: &Workshop<'_>,
        weights: &StateDict,
    ) -> Result<Box<dyn Predictor>, Error>;
}
