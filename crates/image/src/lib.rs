//! Microscopy images: axes, pixel types, formats, regions of images of any size.

pub mod axes;
pub mod copy;
pub mod dtype;
pub mod error;
pub mod files;
pub mod format;
pub mod image;
pub mod sink;
pub mod source;

pub use axes::{Axes, Axis};
pub use dtype::DType;
pub use error::ImageError;
pub use format::{read_image, write_image};
pub use image::{Channel, Image, Metadata, PixelSize, Pixels};
