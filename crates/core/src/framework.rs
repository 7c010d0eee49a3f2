//! Frameworks: what happens in one training step and in one prediction.
//!
//! A framework owns its networks, losses and optimisers. The trainer runs any of them and knows
//! nothing of what they compute.

mod fcn;
mod image_pool;

use std::collections::BTreeMap;

use coverslip_nets::{AnyNetwork, SizeRule};
use ndarray::Array4;

pub use fcn::{Fcn, FcnOptions};
pub use image_pool::{Drawn, Draws, ImagePool};

use crate::{
    base::error::Error, data::Batch, learning::schedule::Pace, names::Named, registry::Workshop,
    weights::state_dict::StateDict,
};

/// Values that describe a batch, by name; `loss` is always among them.
pub type Scores = BTreeMap<String, f64>;

/// What differs between training steps beside the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// How far the schedule lets weights move.
    pub pace: Pace,
    /// What random layers draw from; another number for every step of a run.
    pub draw: u64,
}

/// A framework in training.
pub trait Framework {
    /// One step on `batch`. Gives the loss.
    fn train_step(&mut self, batch: &Batch, step: Step) -> f64;

    /// What the present weights make of `batch`, without learning from it.
    fn validate(&self, batch: &Batch) -> Scores;

    /// The networks that prediction needs, each with a name of its own: those whose weights are
    /// averaged.
    fn networks(&mut self) -> Vec<(&'static str, &mut AnyNetwork)>;

    /// Lets [`Self::networks`] see `batch` as in training, without learning from it: only their
    /// running statistics change, by a `share` of the way to those of the batch. `draw` is what
    /// random layers draw from.
    fn gather_statistics(&mut self, batch: &Batch, draw: u64, share: f64);

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
