//! How weights follow gradients: optimisers, learning rates, averages.

pub mod averaging;
pub mod optimizer;
pub mod schedule;
