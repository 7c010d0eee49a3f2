//! Feature maps and the operations networks are made of.
//!
//! A [`FeatureMap`] has the logical shape `N C Z Y X`; how it lies in memory is this crate's
//! affair alone. A 2D image has `Z = 1`, and a layer whose kernel is 1 along Z is computed as a 2D
//! operation on the planes, so that every network above is written once for 2D and 3D.
//!
//! The operations on a processor are our kernels, those on other devices burn's; nobody above this
//! crate asks which device it is. They are
//!
//! - of each value: [`activate`], [`add`], [`dropout`], [`multiply`], [`prelu`];
//! - of the channels of a pixel: [`softmax`];
//! - of neighbourhoods: [`average_pool`], [`conv`], [`conv_transpose`], [`global_average_pool`],
//!   [`max_pool`];
//! - of statistics: [`concat_activate_normalize`], [`conv_concat_activate_normalize`],
//!   [`conv_normalize_activate`], [`mean`], [`normalize_activate`], [`sum`];
//! - of the grid of pixels: [`FeatureMap::concat`], [`FeatureMap::crop`], [`FeatureMap::fit`],
//!   [`FeatureMap::pad`], [`resize`], [`upsample`];
//! - of tokens, which are plain tensors: [`attention`], [`take_rows`].
//!
//! [`adam`] is the one operation of optimisers. Every other operation is differentiable and gives the same
//! bits for every number of threads. [`with_shapes_only`] gives the shapes of results without computing
//! them.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use coverslip_ops::{Activation, ConvGeometry, FeatureMap, activate, conv, max_pool};
//!
//! let device = Device::flex();
//! let image = FeatureMap::from_tensor(Tensor::ones([1, 1, 1, 8, 8], &device));
//! let weight = Tensor::ones([20, 1, 1, 3, 3], &device);
//! let map = conv(image, weight, None, ConvGeometry::same([1, 3, 3]));
//! let pooled = max_pool(activate(map, Activation::Relu), [1, 2, 2]);
//! assert_eq!(pooled.dims(), [1, 20, 1, 4, 4]);
//! assert_eq!(pooled.into_tensor().max().into_scalar::<f32>(), 9.0);
//! ```

mod activation;
mod adam;
mod arithmetic;
mod attention;
mod conv;
mod cpu;
mod dropout;
mod feature_map;
mod normalization;
mod pooling;
mod reduce;
mod resample;
mod rows;
mod shapes;
mod stack;

pub use activation::{Activation, activate, prelu, softmax};
pub use adam::{AdamStep, adam};
pub use arithmetic::{add, multiply};
pub use attention::{AttentionOptions, Regions, attention};
pub use conv::{ConvGeometry, conv, conv_transpose};
pub use coverslip_kernels::maps::Window;
pub use cpu::ConvCache;
pub use dropout::{Dropout, dropout};
pub use feature_map::{FeatureMap, Margin, Padding};
pub use normalization::{
    BatchStatistics, Normalization, Normalized, conv_normalize_activate, normalize_activate,
};
pub use pooling::{average_pool, global_average_pool, max_pool};
pub use reduce::{mean, sum};
pub use resample::{Interpolation, resize, upsample};
pub use rows::{RowMap, take_rows};
pub use shapes::{has_shapes_only, with_shapes_only};
pub use stack::{concat_activate_normalize, conv_concat_activate_normalize};

/// The instruction set that our kernels use on this processor: `avx512`, `avx2`, `neon` or `portable`.
/// The environment variable `COVERSLIP_SIMD` can name a lower one, for tests.
pub fn instruction_set() -> &'static str {
    coverslip_kernels::Isa::best().name()
}
