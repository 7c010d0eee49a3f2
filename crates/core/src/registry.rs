//! What a config can name: networks, losses, frameworks, steps, optimisers, schedules.
//!
//! An entry is a name, the schema of its options, and what builds the thing from them. Other
//! crates add entries before the command line runs, so that a new network needs no fork.

mod add;
mod build;
mod builder;
mod builtin;

pub use build::{
    BuildLoss, BuildNetwork, BuildOptimizer, BuildPatchStep, BuildPostprocess, BuildPreprocess,
    BuildSchedule,
};
pub use builder::{NetworkBuilder, TrainingBuilder};

use burn::tensor::Device;
use coverslip_nets::{AnyNetwork, Loss, NetworkIo, build::BuildSettings};

use crate::{
    base::error::Error,
    framework::FrameworkKind,
    names::{Description, Entries, Given, Kind, Named, OptionFault},
    steps::operation::OperationKind,
};

/// A term of the training loss.
pub struct Term {
    /// What its value is multiplied by in the sum.
    pub weight: f64,
    /// The loss.
    pub loss: Box<dyn Loss>,
}

/// All entries by kind.
pub struct Registry {
    /// What happens in a training step and in a prediction.
    pub frameworks: Entries<Box<dyn FrameworkKind>>,
    /// Networks.
    pub networks: Entries<BuildNetwork>,
    /// Terms of the training loss.
    pub losses: Entries<BuildLoss>,
    /// Steps that images (or targets) take before the network sees them.
    pub preprocess: Entries<BuildPreprocess>,
    /// Random changes of training patches.
    pub augmentations: Entries<BuildPatchStep>,
    /// Steps from the network's output to the result.
    pub postprocess: Entries<BuildPostprocess>,
    /// Optimisers.
    pub optimizers: Entries<BuildOptimizer>,
    /// Learning-rate schedules.
    pub schedules: Entries<BuildSchedule>,
    /// Classical algorithms that `coverslip op` runs.
    pub operations: Entries<OperationKind>,
}

impl Registry {
    /// A registry without entries.
    pub fn empty() -> Self {
        Self {
            frameworks: Entries::new(Kind::Framework),
            networks: Entries::new(Kind::Network),
            losses: Entries::new(Kind::Loss),
            preprocess: Entries::new(Kind::Preprocess),
            augmentations: Entries::new(Kind::Augmentation),
            postprocess: Entries::new(Kind::Postprocess),
            optimizers: Entries::new(Kind::Optimizer),
            schedules: Entries::new(Kind::Schedule),
            operations: Entries::new(Kind::Operation),
        }
    }

    /// The term of the training loss that a config names.
    ///
    /// # Errors
    /// When the name is unknown or its options do not fit.
    pub fn loss(&self, named: &Named) -> Result<Term, Error> {
        let mut named = named.clone();
        let options = named.options.as_object_mut();
        let weight = options.and_then(|options| options.remove("weight"));
        Ok(Term {
            weight: weight.and_then(|value| value.as_f64()).unwrap_or(1.0),
            loss: (self.losses.get(&named.name)?.build)(&named)?,
        })
    }

    /// What the entries of a kind say about themselves, in the order of registration.
    pub fn descriptions(&self, kind: Kind) -> Vec<&Description> {
        match kind {
            Kind::Framework => self.frameworks.descriptions(),
            Kind::Network => self.networks.descriptions(),
            Kind::Loss => self.losses.descriptions(),
            Kind::Preprocess => self.preprocess.descriptions(),
            Kind::Augmentation => self.augmentations.descriptions(),
            Kind::Postprocess => self.postprocess.descriptions(),
            Kind::Optimizer => self.optimizers.descriptions(),
            Kind::Schedule => self.schedules.descriptions(),
            Kind::Operation => self.operations.descriptions(),
        }
    }

    /// What the entry `name` of a kind finds wrong with options that a config gives it.
    pub(crate) fn check(&self, kind: Kind, name: &str, given: &Given<'_>) -> Vec<OptionFault> {
        match kind {
            Kind::Framework => self.frameworks.check(name, given),
            Kind::Network => self.networks.check(name, given),
            Kind::Loss => self.losses.check(name, given),
            Kind::Preprocess => self.preprocess.check(name, given),
            Kind::Augmentation => self.augmentations.check(name, given),
            Kind::Postprocess => self.postprocess.check(name, given),
            Kind::Optimizer => self.optimizers.check(name, given),
            Kind::Schedule => self.schedules.check(name, given),
            Kind::Operation => self.operations.check(name, given),
        }
    }

    /// What the entry `name` of a kind says about itself.
    pub fn description(&self, kind: Kind, name: &str) -> Option<&Description> {
        self.descriptions(kind)
            .into_iter()
            .find(|description| description.name == name)
    }

    /// A network on the processor, with first weights of `seed`.
    ///
    /// # Errors
    ///
    /// When the name is unknown or its options do not fit.
    pub fn network(&self, network: &Named, io: NetworkIo, seed: u64) -> Result<AnyNetwork, Error> {
        let build = &self.networks.get(&network.name)?.build;
        build(
            network,
            &BuildSettings {
                io,
                seed,
                device: Device::flex(),
                exact: false,
            },
        )
    }
}
