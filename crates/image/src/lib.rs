//! Microscopy images: axes, formats, classical algorithms and metrics.
#![allow(
    clippy::inline_always,
    reason = "only what is inlined into `simd::vectorized` is compiled for wide vectors"
)]

pub mod algorithm_error;
pub mod axes;
pub mod classmap;
pub mod coco;
pub mod components;
pub mod contour;
pub mod copy;
pub mod distance;
pub mod dtype;
pub mod edge;
mod eigen;
pub mod embedseg;
pub mod error;
pub mod files;
pub mod filter;
pub mod format;
pub mod histogram;
pub mod image;
pub mod keypoint;
pub mod labels;
pub mod metrics;
pub mod morphology;
pub mod normalize;
pub mod nuclei;
pub mod out_of_core;
pub mod outline;
pub mod pad;
pub mod peaks;
pub mod region;
pub mod resample;
pub mod rounding;
pub mod sample;
pub mod sampling;
mod simd;
pub mod sink;
pub mod source;
pub mod symmetry;
pub mod synthesis;
pub mod thinning;
pub mod threshold;
pub mod tile;
pub mod watershed;

pub use algorithm_error::AlgorithmError;
pub use axes::{Axes, Axis};
pub use dtype::DType;
pub use error::ImageError;
pub use format::{read_image, write_image};
pub use image::{Channel, Image, Metadata, PixelSize, Pixels};
pub use sample::Sample;
