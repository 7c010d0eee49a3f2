//! The generalised Dice loss.

use burn::tensor::Tensor;
use coverslip_ops::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, LossActivation, Target, overlap::Overlap};

/// Generalised Dice loss `1 - (2 sum_c w_c I_c + e) / (sum_c w_c (P_c + T_c) + e)` per image, then the
/// mean: small classes count as much as large ones (Sudre et al. 2017, in MONAI's form).
///
/// A class that an image does not have takes the largest weight of those it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GeneralizedDice {
    /// What turns scores into probabilities.
    pub activation: LossActivation,
    /// Whether class 0 counts.
    pub include_background: bool,
    /// Whether the sums run over the whole batch rather than each image.
    pub batch: bool,
    /// The weight of a class.
    pub class_scale: ClassScale,
    /// Added to numerator and denominator.
    #[schemars(range(min = 0.0))]
    pub smooth: f64,
}

/// The weight of a class of `T` target pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClassScale {
    /// `1 / T^2`.
    #[default]
    Square,
    /// `1 / T`.
    Simple,
    /// 1.
    Uniform,
}

impl Default for GeneralizedDice {
    fn default() -> Self {
        Self {
            activation: LossActivation::Auto,
            include_background: true,
            batch: false,
            class_scale: ClassScale::Square,
            smooth: 1e-5,
        }
    }
}

impl Loss for GeneralizedDice {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let overlap = Overlap {
            activation: self.activation,
            include_background: self.include_background,
            batch: self.batch,
        };
        let [intersection, predicted, truth] = overlap.compare(output, target).totals();
        let weights = self.class_scale.weights(&truth.clone().detach());
        let part = (weights.clone() * intersection).sum_dim(1).mul_scalar(2.0);
        let whole = (weights * (predicted + truth)).sum_dim(1);
        let score = part.add_scalar(self.smooth) / whole.add_scalar(self.smooth);
        mean(score.neg().add_scalar(1.0))
    }
}

impl ClassScale {
    /// Weights `[N, C]` of classes of so many pixels.
    fn weights(self, pixels: &Tensor<2>) -> Tensor<2> {
        let is_absent = pixels.clone().equal_scalar(0.0);
        let present = pixels.clone().mask_fill(is_absent.clone(), 1.0);
        let weights = match self {
            Self::Square => present.square().recip(),
            Self::Simple => present.recip(),
            Self::Uniform => return pixels.ones_like(),
        };
        let weights = weights.mask_fill(is_absent.clone(), 0.0);
        let largest = weights.clone().max_dim(1).expand(weights.shape());
        weights.mask_where(is_absent, largest)
    }
}
