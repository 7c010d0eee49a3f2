//! Losses: how far an output is from its target, as one number to minimise.
//!
//! - of classes: [`CrossEntropy`], [`BinaryCrossEntropy`], [`Dice`], [`GeneralizedDice`], [`Tversky`],
//!   [`Focal`], [`LovaszSoftmax`], [`LovaszHinge`];
//! - of images: [`Mse`], [`L1`], [`SmoothL1`], [`Huber`], [`Heteroscedastic`], [`Ssim`], [`MsSsim`];
//! - of methods with targets of their own: [`adversarial`], [`keypoints`], [`SpatialEmbedding`],
//!   [`latent_divergence`].
//!
//! Every loss of classes and images leaves out the pixels of weight 0 ([`Target::weight`]).
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use coverslip_nets::loss::{Loss, Mse, Target};
//!
//! let device = Device::flex();
//! let output = Tensor::<5>::from_floats([[[[[1.0, 2.0, 5.0]]]]], &device);
//! let target = Target::new(Tensor::from_floats([[[[[1.0, 4.0, 0.0]]]]], &device));
//! // The last pixel does not count.
//! let target = target.with_weight(Tensor::from_floats([[[[[1.0, 1.0, 0.0]]]]], &device));
//! let loss = Mse::default().value(output, &target);
//! assert_eq!(loss.into_scalar::<f32>(), 2.0);
//! ```

mod activation;
pub mod adversarial;
mod binary_cross_entropy;
mod cross_entropy;
mod dice;
mod focal;
mod generalized_dice;
mod gradient;
mod heteroscedastic;
pub mod keypoints;
mod latent;
mod lovasz;
mod ms_ssim;
mod overlap;
mod reduce;
mod regression;
mod spatial_embedding;
mod ssim;
mod target;
mod tversky;
mod weighted_sum;

use burn::tensor::Tensor;

pub use activation::LossActivation;
pub use binary_cross_entropy::BinaryCrossEntropy;
pub use cross_entropy::{Average, CrossEntropy};
pub use dice::Dice;
pub use focal::{Alpha, Focal, FocalForm};
pub use generalized_dice::{ClassScale, GeneralizedDice};
pub use heteroscedastic::Heteroscedastic;
pub use latent::latent_divergence;
pub use lovasz::{LovaszHinge, LovaszSoftmax};
pub use ms_ssim::{MsSsim, MsSsimConvention};
pub use regression::{Huber, L1, Mse, Reduction, SmoothL1};
pub use spatial_embedding::{
    CoordinateGrid, EmbeddingTarget, SpatialEmbedding, SpatialEmbeddingOptions,
};
pub use ssim::Ssim;
pub use target::Target;
pub use tversky::Tversky;
pub use weighted_sum::WeightedSum;

/// A differentiable comparison of a network's output with its target.
pub trait Loss: Send + Sync {
    /// The loss as a tensor of one value.
    ///
    /// - `output`: `[N, C, Z, Y, X]`, scores of classes or values of image channels
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1>;

    /// The channels that the output needs for a target of `channels` classes or image channels.
    fn output_channels(&self, channels: usize) -> usize {
        channels
    }

    /// The least number of pixels of a patch along each axis that has more than one.
    fn least_size(&self) -> usize {
        1
    }
}
