//! Microscopy images: axes, formats, classical algorithms and metrics.

pub mod algorithm_error;
pub mod axes;
pub mod components;
pub mod copy;
pub mod dtype;
pub mod embedseg;
pub mod error;
pub mod files;
pub mod format;
pub mod image;
pub mod labels;
pub mod metrics;
pub mod normalize;
pub mod out_of_core;
pub mod outline;
pub mod pad;
pub mod sample;
pub mod sink;
pub mod source;
pub mod tile;

pub use algorithm_error::AlgorithmError;
pub use axes::{Axes, Axis};
pub use dtype::DType;
pub use error::ImageError;
pub use format::{read_image, write_image};
pub use image::{Channel, Image, Metadata, PixelSize, Pixels};
pub use sample::Sample;
