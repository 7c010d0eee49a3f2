//! Layers with parameters.

mod activation;
mod conv;
mod conv_transpose;
mod dropout;
mod linear;
mod norm;
mod spelling;

pub use activation::{Activate, ActivationConfig, ActivationName};
pub use conv::{Conv, ConvConfig};
pub use conv_transpose::{ConvTranspose, ConvTransposeConfig};
pub use dropout::DropoutLayer;
pub(crate) use linear::normalize_last;
pub use linear::{LayerNorm, Linear};
pub use norm::{BatchNorm, Norm, NormConfig, NormName};
