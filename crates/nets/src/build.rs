//! Building a network: where its layers get their parameters, names and settings from.

mod draw;
mod extent;
mod run;
mod scheme;
mod scope;
mod tensors;

pub use draw::Draw;
pub use extent::Extent;
pub use run::{LayerOutput, Run, Site};
pub use scheme::Scheme;
pub use scope::{BuildSettings, Construction, Convention, Scope};
pub use tensors::{FileTensor, TensorLayout};
