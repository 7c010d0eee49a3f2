//! Microscopy images: axes, formats, classical algorithms and metrics.

pub mod algorithm_error;
pub mod axes;
pub mod classmap;
pub mod coco;
pub mod components;
pub mod dtype;
mod eigen;
pub mod embedseg;
pub mod error;
pub mod files;
pub mod format;
pub mod histogram;
pub mod image;
pub mod keypoint;
pub mod labels;
pub mod metrics;
pub mod normalize;
pub mod pad;
pub mod resample;
pub mod rounding;
pub mod sample;
pub mod sampling;
pub mod source;
pub mod symmetry;
pub mod synthesis;
pub mod tile;

pub use algorithm_error::AlgorithmError;
pub use axes::{Axes, Axis};
pub use dtype::DType;
pub use error::ImageError;
pub use format::{read_image, write_image};
pub use image::{Image, PixelSize, Pixels};
pub use sample::Sample;
