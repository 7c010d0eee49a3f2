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
