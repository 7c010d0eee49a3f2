//! Building a network: where its layers get their parameters, names and settings from.

mod distribution;
mod error;
mod extent;
mod initialization;
mod io;
mod pass;
mod scope;
mod tensors;

pub use distribution::Distribution;
pub use error::NetworkError;
pub use extent::Extent;
pub use initialization::Initialization;
pub use io::NetworkIo;
pub use pass::{LayerOutput, PassState, Site};
pub use scope::{BuildSettings, Convention, NetworkBuilder, Scope};
pub use tensors::{FileTensor, TensorLayout};
