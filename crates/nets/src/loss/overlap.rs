//! Sums of intersections and unions, for Dice, Tversky and the like.

use burn::tensor::Tensor;

use super::{
    LossActivation, Target,
    reduce::{counted_classes, pixel_sums},
};

/// Over what the sums of an overlap loss run; the options that such losses share.
pub(super) struct Overlap {
    pub(super) activation: LossActivation,
    pub(super) include_background: bool,
    pub(super) batch: bool,
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
        let counted = |values| counted_classes(values, self.include_background);
        let mut probability = counted(self.activation.apply(output));
        let mut truth = counted(target.indicators(classes));
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
