//! The kernels of Coverslip's networks on a processor: convolutions, pooling, normalisation and
//! resampling of feature maps, forward and backward, on AVX-512, AVX2, NEON and anything else.
//!
//! # Layout
//!
//! A *blocked* map has the shape `[N, C / 16, Z, Y, X, 16]`: sixteen channels of a pixel lie side by
//! side, which is one register of AVX-512, two of AVX2 and four of NEON. The channels of the last
//! block that do not exist are zero, before and after every operation. A *planar* map has the shape
//! `[N, C, Z, Y, X]`; maps of fewer than sixteen channels are planar. A 2D image has `Z = 1`.
//!
//! A map that is the concatenation of others along the channels is passed as a list of
//! [`Source`]s and never copied.
//!
//! # Threads
//!
//! Work is divided by sizes alone and partial sums are added in a fixed order, so that results have
//! the same bits for every number of threads.
//!
//! ```
//! use coverslip_kernels::{ConvShape, Epilogue, Extent, FusedActivation, Isa, Map, conv};
//!
//! // The sums of 3 x 3 pixels of an image of 4 x 4.
//! let extent = |size| Extent { n: 1, size };
//! let shape = ConvShape {
//!     input: extent([1, 4, 4]),
//!     output: extent([1, 2, 2]),
//!     in_channels: 1,
//!     out_channels: 1,
//!     kernel: [1, 3, 3],
//!     stride: [1; 3],
//!     padding: [0; 3],
//!     dilation: [1; 3],
//!     groups: 1,
//! };
//! let image: Vec<f32> = (0..16).map(|pixel| pixel as f32).collect();
//! let epilogue = Epilogue { bias: None, activation: FusedActivation::Identity };
//! let sums = conv(Isa::best(), Map::Planar(&image), &[1.0; 9], epilogue, &shape);
//! assert_eq!(sums.as_slice(), [45.0, 54.0, 81.0, 90.0]);
//! ```

mod adam;
pub mod attention;
mod blocked;
mod buffer;
pub mod direct;
mod epilogue;
pub mod maps;
pub mod planar;
mod shape;
mod simd;
pub mod winograd;

pub use adam::{AdamStep, adam};
pub use blocked::{Extent, Source, blocks, from_blocked, to_blocked};
pub use buffer::{Buffer, Pointer, release_memory};
pub use direct::{conv, conv_input_gradient, conv_weight_gradient};
pub use epilogue::{Epilogue, FusedActivation};
pub use shape::{ConvShape, Map};
pub use simd::Isa;

/// Channels of a block, and values of a vector.
pub const LANES: usize = 16;
