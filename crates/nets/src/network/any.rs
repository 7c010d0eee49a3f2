use burn::module::Module;

use super::{External, Inputs, Network, Outputs, SizeRule};
use crate::unet::Unet;

/// Any network, ours or another crate's.
#[derive(Module, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one network in a process, not an array"
)]
pub enum AnyNetwork {
    /// The tunable U-Net.
    Unet(Unet),
    /// A network that another crate registered.
    External(External),
}

impl Network for AnyNetwork {
    fn forward(&self, inputs: Inputs) -> Outputs {
        match self {
            Self::Unet(network) => network.forward(inputs),
            Self::External(network) => network.forward(inputs),
        }
    }

    fn sizes(&self) -> SizeRule {
        match self {
            Self::Unet(network) => network.sizes(),
            Self::External(network) => network.sizes(),
        }
    }
}
