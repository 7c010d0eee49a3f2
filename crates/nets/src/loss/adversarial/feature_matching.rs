//! The feature matching loss of pix2pixHD.

use burn::tensor::Tensor;
use coverslip_ops::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Distance of what a discriminator sees in a made image from what it sees in the real one: mean
/// absolute differences of its inner maps (Wang et al. 2018, pix2pixHD, equation 3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureMatching {
    /// What the sum is multiplied by.
    #[schemars(range(min = 0.0))]
    pub weight: f64,
    /// Whether the scores, the last map, count too, and layers are not weighed by their number: the form
    /// that `mmv_im2im` writes.
    pub include_scores: bool,
}

impl Default for FeatureMatching {
    fn default() -> Self {
        Self {
            weight: 10.0,
            include_scores: false,
        }
    }
}

impl FeatureMatching {
    /// `weight / scales` times the sum over scales and layers, each layer weighed by 4 over the number
    /// of inner layers (pix2pixHD's `4 / (n_layers + 1)`). No gradient reaches the maps of the real image.
    ///
    /// - `fake`, `real`: for each scale the maps of all layers, the scores last
    pub fn value(&self, fake: &[Vec<Tensor<5>>], real: &[Vec<Tensor<5>>]) -> Option<Tensor<1>> {
        let terms = fake.iter().zip(real).flat_map(|(fake, real)| {
            let inner = fake.len().saturating_sub(1);
            let (count, weight) = if self.include_scores {
                (fake.len(), 1.0)
            } else {
                (inner, 4.0 / inner as f64)
            };
            let pairs = fake.iter().zip(real).take(count);
            pairs.map(move |(fake, real)| {
                mean((fake.clone() - real.clone().detach()).abs()).mul_scalar(weight)
            })
        });
        let total = terms.reduce(|total, term| total + term)?;
        Some(total.mul_scalar(self.weight / fake.len() as f64))
    }
}
