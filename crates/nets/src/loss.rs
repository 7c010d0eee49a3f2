//! Losses: how far an output is from its target, as one number to minimise.

mod cross_entropy;
mod dice;
mod regression;
mod weighted_sum;

use burn::tensor::Tensor;

pub use cross_entropy::CrossEntropy;
pub use dice::Dice;
pub use regression::{L1, Mse};
pub use weighted_sum::WeightedSum;

/// What a loss expects as its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// A class number per pixel, `[N, 1, Z, Y, X]`.
    Classes,
    /// An image, `[N, C, Z, Y, X]`.
    Image,
}

/// A differentiable comparison of a network's output with its target.
pub trait Loss: Send + Sync {
    /// The loss as a tensor of one value.
    ///
    /// - `output`: `[N, C, Z, Y, X]`, scores of classes or values of image channels
    /// - `target`: as [`Self::target_kind`] says, on the same device
    fn value(&self, output: Tensor<5>, target: &Tensor<5>) -> Tensor<1>;

    /// What the target must be.
    fn target_kind(&self) -> TargetKind;
}

/// Turns class numbers `[N, 1, Z, Y, X]` into indicators `[N, classes, Z, Y, X]`.
fn one_hot(labels: &Tensor<5>, classes: usize) -> Tensor<5> {
    let indicators = (0..classes)
        .map(|class| labels.clone().equal_scalar(class as f32).float())
        .collect();
    Tensor::cat(indicators, 1)
}
