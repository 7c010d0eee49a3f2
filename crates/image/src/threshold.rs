//! Thresholds: one for the whole image, or one for each pixel from its neighbourhood.

mod adaptive;
mod histogram;
mod level;
mod methods;

pub use adaptive::AdaptiveThreshold;
pub(crate) use histogram::{has_few_levels, level_counts};
pub use level::{Threshold, ThresholdMethod};

#[cfg(test)]
mod tests;
