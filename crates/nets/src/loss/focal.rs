//! The focal loss.

use burn::tensor::{
    Tensor,
    activation::{log_sigmoid, log_softmax},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Loss, Target,
    binary_cross_entropy::of_scores,
    reduce::{counted_classes, per_class},
};

/// Focal loss `-(1 - p)^gamma log p` of the probability `p` of the truth: pixels that are right already
/// count little (Lin et al. 2017, in MONAI's form). The mean over all pixels and classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Focal {
    /// Whether probabilities are those of independent classes or of one class for each pixel.
    pub form: FocalForm,
    /// How little a pixel that is right counts; 0 is the cross-entropy.
    #[schemars(range(min = 0.0))]
    pub gamma: f64,
    /// What the classes count; all 1 when absent.
    pub alpha: Option<Alpha>,
    /// Whether class 0 counts.
    pub include_background: bool,
    /// One weight per counted class. All 1 when absent.
    pub class_weights: Option<Vec<f32>>,
}

/// How a focal loss makes probabilities of scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FocalForm {
    /// The sigmoid of each channel; pixels outside the class count too.
    #[default]
    Sigmoid,
    /// The soft-max over the classes.
    Softmax,
}

/// What the classes of a focal loss count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Alpha {
    /// Pixels inside a class this, outside 1 less this; with the soft-max, class 0 1 less this and all
    /// others this.
    One(#[schemars(range(min = 0.0, max = 1.0))] f64),
    /// One number for each class.
    PerClass(Vec<f32>),
}

impl Default for Focal {
    fn default() -> Self {
        Self {
            form: FocalForm::Sigmoid,
            gamma: 2.0,
            alpha: None,
            include_background: true,
            class_weights: None,
        }
    }
}

impl Loss for Focal {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let counted = |values| counted_classes(values, self.include_background);
        let truth = counted(target.indicators(output.dims()[1]));
        let scores = counted(output);
        let device = scores.device();
        let mut values = match self.form {
            FocalForm::Sigmoid => self.of_independent(scores, truth),
            FocalForm::Softmax => self.of_exclusive(scores, truth),
        };
        if let Some(weights) = &self.class_weights {
            values = values * per_class(weights, &device);
        }
        target.mean(values)
    }
}

impl Focal {
    fn of_independent(&self, scores: Tensor<5>, truth: Tensor<5>) -> Tensor<5> {
        // The score of the truth: its sign turned where the pixel is not in the class.
        let sign = truth.clone().mul_scalar(2.0).sub_scalar(1.0);
        let log_wrong = log_sigmoid((scores.clone() * sign).neg());
        let modulation = log_wrong.mul_scalar(self.gamma).exp();
        let values = modulation * of_scores(scores, truth.clone(), None);
        let device = truth.device();
        let inside = match &self.alpha {
            None => return values,
            Some(Alpha::One(alpha)) => truth.ones_like().mul_scalar(*alpha),
            Some(Alpha::PerClass(alphas)) => per_class(alphas, &device).expand(truth.shape()),
        };
        let outside = inside.clone().neg().add_scalar(1.0);
        values * (truth.clone() * inside + truth.neg().add_scalar(1.0) * outside)
    }

    fn of_exclusive(&self, scores: Tensor<5>, truth: Tensor<5>) -> Tensor<5> {
        let classes = scores.dims()[1];
        let device = scores.device();
        let log_p = log_softmax(scores, 1);
        let wrong = log_p.clone().exp().neg().add_scalar(1.0);
        let modulation = if self.gamma == 0.0 {
            wrong.ones_like()
        } else {
            // Where the probability rounds to 1, a power would have no gradient.
            wrong
                .clamp_min(f64::from(f32::MIN_POSITIVE))
                .powf_scalar(self.gamma)
        };
        let values = (modulation * log_p * truth).neg();
        match &self.alpha {
            Some(Alpha::PerClass(alphas)) => values * per_class(alphas, &device),
            // Without the background there is no class 0 to tell from the others.
            Some(Alpha::One(alpha)) if self.include_background => {
                let mut alphas = vec![*alpha as f32; classes];
                alphas[0] = (1.0 - alpha) as f32;
                values * per_class(&alphas, &device)
            }
            Some(Alpha::One(_)) | None => values,
        }
    }
}
