//! The loss of key points off the skeleton.

use burn::tensor::Tensor;

use crate::loss::{Target, binary_cross_entropy::of_scores};

/// Binary cross-entropy of scores with the skeleton of the image, `positive_weight` for pixels on the
/// skeleton and 1 for others; the mean over all pixels (GU-Net, equation 2).
///
/// - `scores`: `[N, 1, Z, Y, X]`
/// - `skeleton`: 0 or 1, of the same shape
pub fn skeleton_loss(scores: Tensor<5>, skeleton: &Target, positive_weight: f64) -> Tensor<1> {
    let truth = skeleton.values.clone();
    let counts = truth
        .clone()
        .mul_scalar(positive_weight - 1.0)
        .add_scalar(1.0);
    let values = of_scores(scores, truth, None) * counts;
    skeleton.mean(values)
}
