//! Layers with parameters, and the blocks networks are made of.

mod conv;
mod conv_block;
mod init;
mod norm;

pub use conv::{Conv, ConvTranspose};
pub use conv_block::{ActivationName, ConvBlock, ConvBlockConfig};
pub use init::Initializer;
pub use norm::{BatchNorm, Norm, NormName};
