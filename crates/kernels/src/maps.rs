//! Operations on one map: normalisation, activation, pooling, resampling, copies and sums.
//!
//! Every operation takes blocked and planar maps, as their [`MapShape`] says; lanes without a
//! channel are zero in every result, provided that they are in the arguments. All panic when the
//! processor lacks the instruction set that they are given.

mod activation;
mod average_pool;
mod channels;
mod elementwise;
mod functions;
mod gate;
mod layout;
mod max_pool;
mod moments;
mod norm;
mod pad;
mod parts;
mod pixel;
mod resample;
mod separable;
mod softmax;
mod stack;
mod sums;
mod window;

pub use activation::{Activation, activate, activate_backward};
pub use average_pool::{average_pool, average_pool_backward};
pub use channels::{concatenate, split};
pub use elementwise::{Combination, combine, combine_into};
pub(crate) use functions::exp;
pub use gate::{gate, gate_factor_gradient};
pub use layout::{Layout, MapShape};
pub use max_pool::{max_pool, max_pool_backward};
pub use moments::{Moments, PartialMoments, Statistics, merge_moments, moments};
pub use norm::{Norm, NormGradient, normalize_activate, normalize_activate_backward};
pub use pad::{Continuation, crop, pad, pad_continued, pad_continued_backward};
pub use resample::{Interpolation, resample, resample_backward};
pub use softmax::{softmax, softmax_backward};
pub use stack::{Stack, StackGradient, activate_normalize, activated_moments};
pub use sums::{channel_sums, global_average, global_average_backward};
pub use window::Window;
