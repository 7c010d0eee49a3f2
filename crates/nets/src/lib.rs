//! Networks and losses for image-to-image learning.
//!
//! A network is a burn module that maps named inputs to named outputs ([`Network`]); each is
//! written once for 2D and 3D on top of `coverslip_ops`, in one file of [`architectures`], from
//! [`layers`] and [`blocks`] that get their parameters and names from [`build`]. A [`Loss`] compares
//! an output with its target. Neither knows about files or configuration syntax.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use coverslip_nets::{
//!     AnyNetwork, Inputs, Network, NetworkIo, architectures::unet::UnetConfig, build::BuildSettings,
//! };
//!
//! let config = UnetConfig { base: 4, depth: 2, ..UnetConfig::default() };
//! let settings = BuildSettings {
//!     io: NetworkIo { in_channels: 1, out_channels: 3, dimensions: 2 },
//!     seed: 0,
//!     device: Device::flex(),
//!     exact: false,
//! };
//! let network = AnyNetwork::build(&config, &settings)?;
//! let image = Tensor::zeros([1, 1, 1, 32, 32], &settings.device);
//! let scores = network.forward(Inputs::new(image)).main;
//! assert_eq!(scores.dims(), [1, 3, 1, 32, 32]);
//! # Ok::<(), coverslip_nets::NetworkError>(())
//! ```

pub mod architectures;
pub mod blocks;
pub mod build;
pub mod layers;
pub mod loss;
pub mod network;
pub mod weights;

pub use build::{NetworkError, NetworkIo};
pub use loss::Loss;
pub use network::{AnyNetwork, Architecture, Inputs, Network, Outputs, SizeRule};
