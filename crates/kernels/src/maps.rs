//! Operations on one map: normalisation, activation, pooling, resampling, copies and sums.
//!
//! Every operation takes blocked and planar maps, as their [`MapShape`] says; lanes without a
//! channel are zero in every result, provided that they are in the arguments. All panic when the
//! processor lacks the instruction set that they are given.

mod activation;
mod elementwise;
mod functions;
mod layout;
mod moments;
mod norm;
mod parts;
mod sums;

pub use activation::{Activation, activate, activate_backward};
pub use elementwise::{Combination, combine, combine_into};
pub use layout::{Layout, MapShape};
pub use moments::{Moments, PartialMoments, Statistics, merge_moments, moments};
pub use norm::{Norm, NormGradient, normalize_activate, normalize_activate_backward};
pub use sums::{channel_sums, global_average, global_average_backward};
