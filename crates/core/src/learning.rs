//! How weights follow gradients: optimisers, learning rates, averages.

pub mod averaging;
pub mod memory;
pub mod optimizer;
pub mod schedule;
