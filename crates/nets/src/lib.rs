//! Networks and losses for image-to-image learning.
//!
//! A network is a burn module that maps named inputs to named outputs ([`Network`]); each is
//! written once for 2D and 3D on top of `coverslip_ops`. A [`Loss`] compares an output with its
//! target. Neither knows about files or configuration syntax.

pub mod layers;
pub mod loss;
pub mod network;
pub mod unet;

pub use loss::Loss;
pub use network::{
    AnyNetwork, External, Inputs, Network, NetworkError, NetworkIo, Outputs, SizeRule,
};
