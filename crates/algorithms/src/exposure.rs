//! Intensities: histograms and normalisation.

pub mod histogram;
pub mod normalize;
