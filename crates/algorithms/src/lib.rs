//! Classical algorithms and metrics of microscopy images: arrays in, arrays out.
//!
//! The folders have scikit-image's names: [`exposure`], [`filters`], [`transform`], [`measure`],
//! [`segmentation`], [`metrics`]. [`patches`] cuts images for networks, [`methods`] holds published
//! methods, and [`large`] does what it can on images larger than memory.
#![allow(
    clippy::inline_always,
    reason = "only what is inlined into `simd::vectorized` is compiled for wide vectors"
)]

mod eigen;
pub mod error;
pub mod exposure;
pub mod filters;
pub mod large;
pub mod measure;
pub mod methods;
pub mod metrics;
pub mod patches;
pub mod rounding;
pub mod sample;
pub mod segmentation;
mod simd;
pub mod transform;

pub use error::AlgorithmError;
