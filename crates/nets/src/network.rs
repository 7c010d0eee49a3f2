//! What a network is to the rest of the toolbox.

mod any;
mod erased;
mod maps;
mod reach;
mod sizes;

use burn::module::{Module, ModuleDisplay};

pub use any::AnyNetwork;
pub use maps::{Inputs, Outputs};
pub use reach::Reach;
pub use sizes::SizeRule;

use crate::build::Scope;

/// What a network is asked to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkIo {
    /// Channels of the main input.
    pub in_channels: usize,
    /// Channels of the main output: classes for segmentation, image channels for regression.
    pub out_channels: usize,
    /// 2 for images that are one plane, 3 for stacks.
    pub dimensions: usize,
}

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

/// A configuration no network can be built from.
#[derive(Debug, thiserror::Error)]
#[error("network option `{key}`: {problem}")]
pub struct NetworkError {
    /// The option at fault, `*` for several together.
    pub key: &'static str,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl NetworkError {
    /// An option at fault.
    pub fn new(key: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { key, problem }
    }

    /// Refuses a value that is not from `least` to `most`. A model package need not have passed the
    /// config's schema, so networks check what could exhaust memory or time.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn check_range(key: &'static str, value: f64, least: f64, most: f64) -> Result<(), Self> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(Self::new(
            key,
            format!("{value} is not from {least} to {most}"),
        ))
    }
}
