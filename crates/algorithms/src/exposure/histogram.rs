//! Images by the distribution of their values.

mod display;
mod distribution;
pub(crate) mod levels;
mod matching;

pub use display::display_range;
pub use distribution::Distribution;

pub use matching::{match_histogram, match_histogram_channels};
