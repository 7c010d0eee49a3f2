use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LossActivation, Target, reduce::pixel_sums};

/// Over what the sums of an overlap loss run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Overlap {
    /// What turns scores into probabilities.
    pub activation: LossActivation,
    /// Whether class 0 counts.
    pub include_background: bool,
    /// Whether the sums run over the whole batch rather than each image: steadier when a class is
    /// missing from many patches.
    pub batch: bool,
}

impl Default for Overlap {
    fn default() -> Self {
        Self {
            activation: LossActivation::Auto,
            include_background: true,
            batch: false,
        }
    }
}

/// Probability `p` and truth `t` of the classes that count, 0 where a pixel does not, `[N, C, Z, Y, X]`.
pub(super) struct Compared {
    pub(super) probability: Tensor<5>,
    pub(super) truth: Tensor<5>,
    is_batch: bool,
}

impl Overlap {
    pub(super) fn compare(&self, output: Tensor<5>, target: &Target) -> Compared {
        let classes = output.dims()[1];
        let mut probability = self.activation.apply(output);
        let mut truth = target.indicators(classes);
        if !self.include_background && classes > 1 {
            probability = probability.narrow(1, 1, classes - 1);
            truth = truth.narrow(1, 1, classes - 1);
        }
        if let Some(weight) = &target.weight {
            probability = probability * weight.clone();
            truth = truth * weight.clone();
        }
        Compared {
            probability,
            truth,
            is_batch: self.batch,
        }
    }
}

impl Compared {
    /// The sum over the pixels of each image, `[N, C]`, or of the batch, `[1, C]`.
    pub(super) fn total(&self, values: Tensor<5>) -> Tensor<2> {
        let images = pixel_sums(values);
        if self.is_batch {
            images.sum_dim(0)
        } else {
            images
        }
    }

    /// The sums of `p t`, `p` and `t`.
    pub(super) fn totals(&self) -> [Tensor<2>; 3] {
        let (p, t) = (self.probability.clone(), self.truth.clone());
        [
            self.total(p.clone() * t.clone()),
            self.total(p),
            self.total(t),
        ]
    }
}
