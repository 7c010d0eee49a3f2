//! Weighted sums of losses.

use burn::tensor::Tensor;

use super::{Loss, Target};

/// A weighted sum of losses.
pub struct WeightedSum {
    /// Weight and loss of each term; at least one.
    pub terms: Vec<(f64, Box<dyn Loss>)>,
}

impl WeightedSum {
    /// The sum as a tensor of one value; 0 without terms. See [`Loss::value`] for the shapes.
    pub fn value(&self, output: &Tensor<5>, target: &Target) -> Tensor<1> {
        self.terms
            .iter()
            .map(|(weight, loss)| loss.value(output.clone(), target).mul_scalar(*weight))
            .reduce(|total, term| total + term)
            .unwrap_or_else(|| Tensor::zeros([1], &output.device()))
    }
}
