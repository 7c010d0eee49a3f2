//! The loss of the number of key points.

use burn::tensor::{Tensor, activation::sigmoid};
use coverslip_ops::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Threshold;
use crate::loss::{reduce::pixel_sums, regression::huber};

/// How far the number of key points of each image is from what may be kept, `|n - n'|`, the mean over the
/// batch (GU-Net, equation 3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Points to keep, `n'`.
    #[schemars(range(min = 0.0))]
    pub points: f64,
    /// Which pixels are key points.
    pub threshold: Threshold,
    /// Whether the difference is a share of the points to keep.
    pub relative: bool,
    /// Points from the budget within which the difference counts as its square over twice this, so that
    /// the gradient does not jump at the budget; 0 for none.
    #[schemars(range(min = 0.0))]
    pub tolerance: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            points: 10.0,
            threshold: Threshold::default(),
            relative: false,
            tolerance: 0.0,
        }
    }
}

impl Budget {
    /// The loss of scores `[N, 1, Z, Y, X]`; pixels of `weight` 0, of the same shape, are no points.
    pub fn value(&self, scores: Tensor<5>, weight: Option<&Tensor<5>>) -> Tensor<1> {
        let mut points = self.threshold.apply(sigmoid(scores));
        if let Some(weight) = weight {
            points = points * weight.clone();
        }
        let excess = pixel_sums(points).sub_scalar(self.points);
        let size = if self.tolerance > 0.0 {
            huber(excess, self.tolerance).div_scalar(self.tolerance)
        } else {
            excess.abs()
        };
        let scale = if self.relative {
            self.points.max(1.0)
        } else {
            1.0
        };
        mean(size).div_scalar(scale)
    }
}
