//! The parts of a framework: what it is built from, and what a trainer saves of it.

use burn::tensor::Device;
use coverslip_nets::{AnyNetwork, NetworkIo, loss::WeightedSum};

use crate::{
    base::error::Error,
    learning::{memory::Memory, optimizer::Optimizer},
    names::{Named, TargetKind},
    weights::state_dict::{self, StateDict},
};

/// The name of a framework's network when it has one only; its first weights are those of the run's
/// seed, and `initial_weights` and `freeze` mean it.
pub const NETWORK: &str = "network";

/// Builds networks, for training and for prediction.
pub trait NetworkParts {
    /// The network called `part`: `named`, or the one that the config names.
    ///
    /// Parts of different names start with different weights.
    ///
    /// # Errors
    ///
    /// When its options do not fit.
    fn network(
        &self,
        part: &'static str,
        named: Option<&Named>,
        io: NetworkIo,
    ) -> Result<AnyNetwork, Error>;

    /// What the config's network connects: the channels of sources and of outputs.
    fn io(&self) -> NetworkIo;

    /// What the target images hold.
    fn target_kind(&self) -> TargetKind;

    /// Where tensors live; with gradients in training.
    fn device(&self) -> &Device;
}

/// Builds what training needs.
pub trait TrainingParts: NetworkParts {
    /// The sum of the losses that the config names; without terms if it names none.
    ///
    /// # Errors
    ///
    /// When the options of one do not fit.
    fn loss(&self) -> Result<WeightedSum, Error>;

    /// An optimiser without memory: `named`, or the one that the config names.
    ///
    /// # Errors
    ///
    /// When its options do not fit.
    fn optimizer(&self, named: Option<&Named>) -> Result<Optimizer, Error>;
}

/// Something of a framework that has a memory, with its name.
pub enum Part<'a> {
    /// A network that prediction needs: it is averaged, and is in the package.
    Predicts(&'static str, &'a mut AnyNetwork),
    /// A network for training alone, such as a discriminator.
    Trains(&'static str, &'a mut AnyNetwork),
    /// Anything else: optimisers, image pools.
    Memory(&'static str, &'a mut dyn Memory),
}

/// Those of a package's weights that belong to the network called `part`: all of them in a package
/// of one network, otherwise those whose names begin with the part's.
pub fn weights_of(weights: &StateDict, part: &str, networks: usize) -> StateDict {
    if networks == 1 {
        return weights.clone();
    }
    with_prefix(weights, &format!("{part}."))
}

/// The weights that a package of these networks holds, as [`weights_of`] takes them apart.
pub fn package_weights(networks: &[(&'static str, &AnyNetwork)]) -> StateDict {
    if let [(_, network)] = networks {
        return state_dict::collect(network);
    }
    let entries = networks.iter().flat_map(|(part, network)| {
        let tensors = state_dict::collect(network).into_iter();
        tensors.map(move |(name, data)| (format!("{part}.{name}"), data))
    });
    entries.collect()
}

/// The entries whose names begin with `prefix`, without it.
pub fn with_prefix(state: &StateDict, prefix: &str) -> StateDict {
    let entries = state
        .iter()
        .filter_map(|(name, data)| Some((name.strip_prefix(prefix)?.to_owned(), data.clone())));
    entries.collect()
}
