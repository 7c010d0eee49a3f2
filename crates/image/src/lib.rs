//! Microscopy images: axes, formats, classical algorithms and metrics.

pub mod axes;
pub mod dtype;
pub mod error;
pub mod format;
pub mod image;
pub mod source;

pub use axes::{Axes, Axis};
pub use dtype::DType;
pub use error::ImageError;
pub use format::{read_image, write_image};
pub use image::{Image, PixelSize, Pixels};
