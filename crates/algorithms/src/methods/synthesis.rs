//! Masks of objects arranged on channels, as the nuclei GAN of masks takes and gives them.
//!
//! Objects on one channel keep a gap between them, so that each is a component; objects that
//! overlap or touch lie on different channels. [`layer_masks`] arranges masks whose places are
//! given, [`layers_to_instances`] is its inverse, and [`synthetic_layout`] makes places up.

mod cliques;
mod instances;
mod layering;
mod layout;
mod plane;
mod poisson;

pub use instances::{InstanceLayers, layers_to_instances};
pub use layering::{Layering, LayeringOptions, layer_masks, shuffled_orders};
pub use layout::{Density, Layout, LayoutOptions, LayoutTarget, PairDistances, synthetic_layout};
pub use plane::PlacedMask;

#[cfg(test)]
mod tests;
