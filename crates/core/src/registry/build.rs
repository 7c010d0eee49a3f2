//! What the entries of each kind do: turn a named node into the thing.

use std::sync::Arc;

use coverslip_nets::{AnyNetwork, Loss, build::BuildSettings};

use crate::{
    base::error::Error,
    data::PatchStep,
    learning::{optimizer::UpdateRule, schedule::Schedule},
    names::Named,
    steps::{postprocess::PostprocessStep, preprocess::PreprocessStep},
};

/// Builds a network.
pub type BuildNetwork =
    Box<dyn Fn(&Named, &BuildSettings) -> Result<AnyNetwork, Error> + Send + Sync>;

/// Builds a loss; its `weight` is read by the caller.
pub type BuildLoss = Box<dyn Fn(&Named) -> Result<Box<dyn Loss>, Error> + Send + Sync>;

/// Builds a step of preprocessing.
pub type BuildPreprocess =
    Box<dyn Fn(&Named) -> Result<Box<dyn PreprocessStep>, Error> + Send + Sync>;

/// Builds a random change of patches.
pub type BuildPatchStep = Box<dyn Fn(&Named) -> Result<Arc<dyn PatchStep>, Error> + Send + Sync>;

/// Builds a step of post-processing.
pub type BuildPostprocess =
    Box<dyn Fn(&Named) -> Result<Box<dyn PostprocessStep>, Error> + Send + Sync>;

/// Builds the update rule of an optimiser.
pub type BuildOptimizer = Box<dyn Fn(&Named) -> Result<Box<dyn UpdateRule>, Error> + Send + Sync>;

/// Builds a schedule.
pub type BuildSchedule = Box<dyn Fn(&Named) -> Result<Box<dyn Schedule>, Error> + Send + Sync>;
