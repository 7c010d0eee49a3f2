//! Scores that compare a prediction with the truth.
//!
//! Sums accumulate in `f64` in a fixed order, so a score is the same on every run and with any
//! number of threads. Undefined scores (the correlation of a constant image) are NaN; each
//! function says when.

pub mod bootstrap;
pub mod detection;
pub mod distribution;
pub mod edge;
pub mod image;
pub mod instance;
pub mod semantic;
pub mod ssim;
