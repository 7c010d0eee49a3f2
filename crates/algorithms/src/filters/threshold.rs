//! Thresholds: one for the whole image, or one for each pixel from its neighbourhood.

mod adaptive;
mod level;
mod methods;

pub use adaptive::AdaptiveThreshold;
pub use level::{Threshold, ThresholdMethod};

#[cfg(test)]
mod tests;
