//! Networks and losses for image-to-image learning.
//!
//! A network is a burn module that maps named inputs to named outputs ([`Network`]); each is
//! written once for 2D and 3D on top of `coverslip_ops`, in one file of [`architectures`], from
//! [`layers`] and [`blocks`] that get their parameters and names from [`build`]. A [`Loss`] compares
//! an output with its target. Neither knows about files or configuration syntax.

pub mod architectures;
pub mod blocks;
pub mod build;
pub mod layers;
pub mod loss;
pub mod network;
pub mod weights;

pub use loss::Loss;
pub use network::{
    AnyNetwork, Architecture, Inputs, Network, NetworkError, NetworkIo, Outputs, SizeRule,
};
