//! The losses of pix2pixHD with the faults of `mmv_im2im`, for comparisons.

use burn::tensor::Tensor;
use coverslip_ops::mean;

use super::AdversarialObjective;

/// The losses of pix2pixHD as `mmv_im2im` 0.8.1 computes them, to compare with models it trained.
///
/// Its discriminator gives one map of scores for each scale where the loss expects a list of layers, so
/// that "the last layer" is the last image of the batch: it alone enters the adversarial terms, and
/// "feature matching" compares the scores of each image. [`super::FeatureMatching`] is what was meant.
pub struct LastSample {
    /// The objective of generator and discriminator.
    pub objective: AdversarialObjective,
    /// What the comparison of the scores is multiplied by.
    pub matching_weight: f64,
}

impl LastSample {
    /// The generator's loss, by the scores of made and real images on each scale.
    pub fn generator(&self, fake: &[Tensor<5>], real: &[Tensor<5>]) -> Option<Tensor<1>> {
        let terms = fake.iter().zip(real).map(|(fake, real)| {
            let adversarial = self.objective.generator(last(fake));
            let images = fake.dims()[0];
            // A mean for each image, and their sum.
            let matching = mean((fake.clone() - real.clone().detach()).abs());
            adversarial + matching.mul_scalar(self.matching_weight * images as f64)
        });
        let total = terms.reduce(|total, term| total + term)?;
        Some(total.div_scalar(fake.len() as f64))
    }

    /// The discriminator's loss, half the sum of both sides.
    pub fn discriminator(&self, fake: &[Tensor<5>], real: &[Tensor<5>]) -> Option<Tensor<1>> {
        let terms = fake.iter().zip(real);
        let terms = terms.map(|(fake, real)| self.objective.discriminator(last(real), last(fake)));
        let total = terms.reduce(|total, term| total + term)?;
        Some(total.div_scalar(2.0 * fake.len() as f64))
    }
}

fn last(scores: &Tensor<5>) -> Tensor<5> {
    let images = scores.dims()[0];
    scores.clone().narrow(0, images - 1, 1)
}
