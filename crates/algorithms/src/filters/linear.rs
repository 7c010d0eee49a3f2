//! Linear filters: smoothing and convolution.
//!
//! A filter's `halo` is how far, in pixels, its result depends on the input. A block of an image
//! with that much of its neighbourhood, filtered and cropped back, equals the same block of the
//! filtered image, so that images beyond memory can be filtered block by block.

mod blur;
mod convolve;
mod gaussian;
mod inside;
mod kernel;
mod lanes;

pub use blur::{BlurPixel, GaussianBlur};
pub use convolve::Convolution;
pub use gaussian::Gaussian;
pub(crate) use inside::weighted_inside;
pub use kernel::gaussian_kernel;
pub(crate) use kernel::gaussian_weights;

#[cfg(test)]
mod tests;
