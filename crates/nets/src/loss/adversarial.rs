//! Losses of generators and discriminators.
//!
//! Scores of a discriminator are `[N, 1, Z, Y, X]`, one for each patch of the image. A discriminator with
//! several scales or inner features gives lists of maps, the finest scale and the first layer first.

mod cycle;
mod feature_matching;
mod gradient_penalty;
mod last_sample;
mod objective;

pub use cycle::{CycleLosses, CycleWeights};
pub use feature_matching::FeatureMatching;
pub use gradient_penalty::gradient_penalty;
pub use last_sample::LastSample;
pub use objective::AdversarialObjective;
