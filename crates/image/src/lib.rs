//! Microscopy images: axes, formats, classical algorithms and metrics.

pub mod algorithm_error;
pub mod components;
pub mod labels;
pub mod metrics;
pub mod normalize;
pub mod pad;
pub mod sample;
pub mod tile;

pub use algorithm_error::AlgorithmError;
pub use sample::Sample;
