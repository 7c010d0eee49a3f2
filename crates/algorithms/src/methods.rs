//! Methods of papers that are made of several algorithms.

pub mod keypoint;
pub mod nuclei;
pub mod synthesis;
