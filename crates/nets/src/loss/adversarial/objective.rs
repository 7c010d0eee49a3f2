//! The adversarial objectives: binary cross-entropy, least squares, hinge, Wasserstein.

use burn::tensor::{
    Tensor,
    activation::{log_sigmoid, relu},
};
use coverslip_ops::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The objective of generator and discriminator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdversarialObjective {
    /// Binary cross-entropy of the scores (Goodfellow et al. 2014; pix2pix).
    Vanilla,
    /// Squared distance of the scores from 1 and 0 (Mao et al. 2017; CycleGAN, pix2pixHD).
    #[default]
    Lsgan,
    /// Hinge at scores of 1 and -1 (Lim and Ye 2017).
    Hinge,
    /// Difference of the mean scores (Arjovsky et al. 2017); wants a gradient penalty.
    Wgan,
}

impl AdversarialObjective {
    /// The discriminator's loss on real images plus that on made ones. pix2pix and
    /// CycleGAN take half of it, TensorFlow's tutorials all.
    pub fn discriminator(self, real: Tensor<5>, fake: Tensor<5>) -> Tensor<1> {
        match self {
            Self::Vanilla | Self::Lsgan => self.distance(real, true) + self.distance(fake, false),
            Self::Hinge => {
                mean(relu(real.neg().add_scalar(1.0))) + mean(relu(fake.add_scalar(1.0)))
            }
            Self::Wgan => mean(fake) - mean(real),
        }
    }

    /// The generator's loss, by the scores of the images it made.
    pub fn generator(self, fake: Tensor<5>) -> Tensor<1> {
        match self {
            Self::Vanilla | Self::Lsgan => self.distance(fake, true),
            Self::Hinge | Self::Wgan => mean(fake).neg(),
        }
    }

    /// How far the scores are from saying "real" or "made".
    fn distance(self, scores: Tensor<5>, is_real: bool) -> Tensor<1> {
        match (self, is_real) {
            (Self::Vanilla, true) => mean(log_sigmoid(scores)).neg(),
            (Self::Vanilla, false) => mean(log_sigmoid(scores.neg())).neg(),
            (_, true) => mean(scores.sub_scalar(1.0).square()),
            (_, false) => mean(scores.square()),
        }
    }
}
