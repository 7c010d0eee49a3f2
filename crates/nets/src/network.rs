//! What a network is to the rest of the toolbox.

mod any;
mod external;
mod maps;

use burn::module::Module;

pub use any::AnyNetwork;
pub use external::External;
pub use maps::{Inputs, Outputs};

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

/// The sizes a network accepts, and how far a pixel of its input reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeRule {
    /// Sizes along `[Z, Y, X]` must be multiples of these: the network's total stride.
    pub multiple: [usize; 3],
    /// An output pixel at least this far from the edge does not see beyond it, along `[Z, Y, X]`;
    /// `None` when every output pixel sees the whole input (instance normalisation).
    pub margin: Option<[usize; 3]>,
}

/// A network: a burn module from named maps to named maps.
pub trait Network: Module {
    /// Computes the outputs. The main input is `[N, in_channels, Z, Y, X]` with sizes that
    /// [`Self::sizes`] allows, the main output `[N, out_channels, Z', Y', X']`.
    fn forward(&self, inputs: Inputs) -> Outputs;

    /// The sizes it accepts.
    fn sizes(&self) -> SizeRule;
}

/// A configuration no network can be built from.
#[derive(Debug, thiserror::Error)]
#[error("network option `{key}`: {problem}")]
pub struct NetworkError {
    /// The option at fault.
    pub key: &'static str,
    /// What is wrong and what is allowed.
    pub problem: String,
}
