//! Microscopy images: axes, pixel types, formats, regions of images of any size.
#![allow(
    clippy::inline_always,
    reason = "only what is inlined into `simd::vectorized` is compiled for wide vectors"
)]

pub mod axes;
pub mod copy;
pub mod dtype;
pub mod error;
pub mod files;
pub mod format;
pub mod image;
pub mod sample;
pub mod simd;
pub mod sink;
pub mod source;

pub use axes::{Axes, Axis};
pub use dtype::DType;
pub use error::ImageError;
pub use format::{read_image, write_image};
pub use image::{Channel, Image, Metadata, PixelSize, Pixels};
pub use sample::Sample;
