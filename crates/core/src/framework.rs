//! Frameworks: what happens in one training step and in one prediction.
//!
//! A framework owns its networks, losses and optimisers. The trainer runs any of them and knows
//! nothing of what they compute. A new one implements three traits: [`FrameworkKind`] is its entry in
//! the registry, [`Framework`] trains, [`Predictor`] predicts. `docs/extending.md` shows one in a
//! crate of its own.

mod fcn;
mod image_pool;
mod noise2void;
mod parts;
mod plan;
mod tensors;

use std::collections::BTreeMap;

use coverslip_nets::SizeRule;
use ndarray::Array4;

pub use fcn::{Fcn, FcnOptions};
pub use image_pool::{Drawn, Draws, ImagePool};
pub use noise2void::{Noise2Void, Noise2VoidOptions};
pub use parts::{
    NETWORK, NetworkParts, Part, TrainingParts, package_weights, weights_of, with_prefix,
};
pub use plan::{Better, Judge, Needs, OutputMap, Pairing, Plan};
pub use tensors::{image_to_tensor, to_array, to_image, to_target, to_tensor};

use crate::{
    base::error::Error,
    data::{Batch, DataSettings},
    learning::schedule::Pace,
    names::Named,
    weights::state_dict::StateDict,
};

/// Values that describe a batch, by name. `loss` is always among those of a training step; all of
/// them are logged.
pub type Scores = BTreeMap<String, f64>;

/// What differs between training steps beside the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// How far the schedule lets weights move.
    pub pace: Pace,
    /// What random layers draw from; another number for every step of a run.
    pub draw: u64,
}

/// How a framework is made from a config; what the registry holds under its name.
pub trait FrameworkKind: Send + Sync {
    /// What a config has to name for it: targets and a loss, unless it says otherwise.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// What it learns from and gives, with the network and the data that a config names; asked by
    /// its check and before any image is read.
    ///
    /// # Errors
    ///
    /// When the options fit neither it nor these.
    fn plan(&self, options: &Named, network: &Named, data: &DataSettings) -> Result<Plan, Error>;

    /// A framework with fresh weights.
    ///
    /// # Errors
    ///
    /// When the options fit neither it nor its parts.
    fn train(
        &self,
        options: &Named,
        parts: &dyn TrainingParts,
    ) -> Result<Box<dyn Framework>, Error>;

    /// A framework with the weights of a package that only predicts.
    ///
    /// # Errors
    ///
    /// As [`Self::train`], and when the weights do not fit.
    fn predictor(
        &self,
        options: &Named,
        parts: &dyn NetworkParts,
        weights: &StateDict,
    ) -> Result<Box<dyn Predictor>, Error>;
}

/// A framework in training.
pub trait Framework {
    /// One step on `batch`. Gives `loss` and whatever else tells how it went.
    fn train_step(&mut self, batch: &Batch, step: Step) -> Scores;

    /// What the present weights make of `batch`, without learning from it. The plan's judge looks at
    /// one of the scores.
    fn validate(&self, batch: &Batch) -> Scores;

    /// Everything with a memory, each with a name of its own: the trainer saves and restores all of
    /// it, and averages the networks that predict.
    fn parts(&mut self) -> Vec<Part<'_>>;

    /// Lets the networks that predict see `batch` as in training, without learning from it: only
    /// their running statistics change, by a `share` of the way to those of the batch. `draw` is what
    /// random layers draw from. Nothing to do for networks without such statistics.
    fn gather_statistics(&mut self, _batch: &Batch, _draw: u64, _share: f64) {}

    /// The present weights, ready to predict.
    fn predictor(&self) -> Box<dyn Predictor>;
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
