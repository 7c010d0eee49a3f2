//! The interface of networks to the rest of the toolbox.

mod any;
mod erased;
mod maps;
mod receptive_field;
mod sizes;

use burn::module::{Module, ModuleDisplay};

pub use any::AnyNetwork;
pub use maps::{Inputs, Outputs};
pub use receptive_field::ReceptiveField;
pub use sizes::SizeRule;

use crate::build::{NetworkError, Scope};

/// A network: a burn module from named maps to named maps.
pub trait Network: Module + ModuleDisplay {
    /// Computes the outputs. The main input is `[N, in_channels, Z, Y, X]` with sizes that
    /// [`Self::sizes`] allows, the main output `[N, out_channels, Z', Y', X']`.
    fn forward(&self, inputs: Inputs) -> Outputs;

    /// The sizes it accepts.
    fn sizes(&self) -> SizeRule;
}

/// The options of a kind of network, from which one is built.
pub trait Architecture {
    /// The network.
    type Network: Network + Sync + 'static;

    /// Builds the network for what `scope` says it connects. Parameters get their names there.
    ///
    /// # Errors
    ///
    /// When the options do not fit together, or not the images.
    fn build(&self, scope: &mut Scope<'_>) -> Result<Self::Network, NetworkError>;
}
