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
    /// Class probabilities or image values, `[C', Z', Y', X']`, of a tile `[C, Z, Y, X]` of a
    /// normalised image. The tile's sizes are multiples of [`SizeRule::multiple`], those of the
    /// result [`Self::scale`] times as large.
    fn predict(&self, tile: &Array4<f32>, pass: Pass) -> Array4<f32>;

    /// The sizes of tiles that it accepts.
    fn sizes(&self) -> SizeRule;

    /// Pixels of the result for a pixel of the image along Z, Y and X; above 1 for
    /// super-resolution.
    fn scale(&self) -> [usize; 3] {
        [1; 3]
    }

    /// The maps that the result is made of, in the order of its channels. Empty when it is the
    /// classes of the target, or its channels have no names.
    fn outputs(&self) -> Vec<OutputMap> {
        Vec::new()
    }
}

/// One of several predictions of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// What random layers draw from: one number for all tiles of an image, so that they fit together,
    /// and another for another sample of the same image.
    pub draw: u64,
}

/// Channels of a prediction that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputMap {
    /// What they are, as in `flow` or `foreground`.
    pub name: String,
    /// How many there are.
    pub channels: usize,
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
