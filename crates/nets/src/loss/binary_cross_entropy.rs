//! The binary cross-entropy loss.

use burn::tensor::{Tensor, activation::log_sigmoid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, Target, gradient::with_slope, reduce::per_class};

/// Binary cross-entropy `-(q t log p + (1 - t) log (1 - p))` of each channel, with `p` the sigmoid of its
/// score, then the mean over all values. Classes may overlap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BinaryCrossEntropy {
    /// What a pixel inside each channel's class counts (`q`), against 1 outside. All 1 when absent.
    pub positive_weights: Option<Vec<f32>>,
    /// Whether the output holds probabilities rather than scores. Logarithms then end at -100, and the
    /// gradient at 1e12, as in PyTorch.
    pub probabilities: bool,
}

impl Loss for BinaryCrossEntropy {
    fn value(&self, output: Tensor<5>, target: &Target) -> Tensor<1> {
        let truth = target.indicators(output.dims()[1]);
        let positive = self
            .positive_weights
            .as_ref()
            .map(|weights| per_class(weights, &output.device()));
        let values = if self.probabilities {
            of_probabilities(output, truth, positive)
        } else {
            of_scores(output, truth, positive)
        };
        target.mean(values)
    }
}

/// `(1 - t) x + (1 + (q - 1) t) log(1 + exp(-x))`, which overflows nowhere.
pub(super) fn of_scores(
    scores: Tensor<5>,
    truth: Tensor<5>,
    positive: Option<Tensor<5>>,
) -> Tensor<5> {
    let outside = truth.clone().neg().add_scalar(1.0);
    let log_p = log_sigmoid(scores.clone());
    let inside = match positive {
        Some(weights) => log_p * (truth * weights.sub_scalar(1.0)).add_scalar(1.0),
        None => log_p,
    };
    outside * scores - inside
}

fn of_probabilities(
    probability: Tensor<5>,
    truth: Tensor<5>,
    positive: Option<Tensor<5>>,
) -> Tensor<5> {
    let p = probability.clone().detach();
    let outside = truth.clone().neg().add_scalar(1.0);
    let inside = match positive {
        Some(weights) => truth * weights,
        None => truth,
    };
    let not_p = p.clone().neg().add_scalar(1.0);
    let log = |values: Tensor<5>| values.log().clamp_min(-100.0);
    let value = (inside.clone() * log(p.clone()) + outside.clone() * log(not_p.clone())).neg();
    let spread = (p.clone() * not_p.clone()).clamp_min(1e-12);
    let slope = (outside * p - inside * not_p) / spread;
    with_slope(value, probability, slope)
}
