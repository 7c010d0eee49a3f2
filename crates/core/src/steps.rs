//! Steps before and after the network, and operations on images by themselves.

pub mod algorithm;
pub mod operation;
pub mod postprocess;
pub mod preprocess;
