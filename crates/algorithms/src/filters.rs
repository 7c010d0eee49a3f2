//! Filters: blur, gradients, morphology, edges, thresholds, thinning and distances.

pub mod distance;
pub mod edge;
pub mod linear;
pub mod morphology;
pub mod thinning;
pub mod threshold;
