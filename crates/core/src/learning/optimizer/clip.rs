//! Limits on gradients (Pascanu et al. 2013).

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Gradients, Tensor},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Added to the norm, as PyTorch does, so that no gradient is divided by zero.
const EPSILON: f64 = 1e-6;

/// How large gradients may be: `{norm: 1.0}` or `{value: 0.5}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClipGradient {
    /// The most that the root of the sum of all squares may be: gradients above it are all
    /// multiplied by the same factor.
    Norm(#[schemars(extend("exclusiveMinimum" = 0))] f64),
    /// The most that each value of a gradient may be, with either sign.
    Value(#[schemars(extend("exclusiveMinimum" = 0))] f64),
}

impl ClipGradient {
    /// What it comes to for the gradients of one step.
    pub(super) fn limit<M: Module>(self, module: &M, gradients: &Gradients) -> Limit {
        match self {
            Self::Value(most) => Limit::Value(most),
            Self::Norm(most) => {
                let mut squares = Squares {
                    gradients,
                    sum: None,
                };
                module.visit(&mut squares);
                Limit::Factor(squares.sum.map(|sum| {
                    let norm = sum.sqrt().add_scalar(EPSILON);
                    Box::new(norm.recip().mul_scalar(most).clamp_max(1.0))
                }))
            }
        }
    }
}

/// What happens to the gradients of one step.
pub(super) enum Limit {
    /// Multiplied by one value; `None` where there is no gradient.
    Factor(Option<Box<Tensor<1>>>),
    /// Cut off.
    Value(f64),
}

impl Limit {
    pub(super) fn apply(&self, gradient: Tensor<1>) -> Tensor<1> {
        match self {
            Self::Factor(Some(factor)) => gradient * Tensor::clone(factor),
            Self::Factor(None) => gradient,
            Self::Value(most) => gradient.clamp(-most, *most),
        }
    }
}

/// Adds up the squares of all gradients, in the order of the weights.
struct Squares<'a> {
    gradients: &'a Gradients,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let own = coverslip_ops::sum(gradient.square());
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + own,
                None => own,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    /// Gradients `[3, 4]` of a weight, clipped.
    fn clipped(clip: ClipGradient) -> Vec<f32> {
        let device = Device::flex().autodiff();
        let module = Param::from_tensor(Tensor::<1>::from_floats([1.0, 2.0], &device));
        let factors = Tensor::from_floats([3.0, 4.0], &device);
        let gradients = (module.val() * factors).sum().backward();
        let limit = clip.limit(&module, &gradients);
        let gradient = module.val().grad(&gradients).expect("it was computed with");
        let data = limit.apply(gradient).into_data();
        data.iter::<f32>().collect()
    }

    #[test]
    fn norms_and_values_are_limited_and_small_gradients_stay() {
        let small = clipped(ClipGradient::Norm(1.0));
        assert!((small[0] - 0.6).abs() < 1e-6 && (small[1] - 0.8).abs() < 1e-6);
        assert_eq!(clipped(ClipGradient::Norm(5.1)), [3.0, 4.0]);
        assert_eq!(clipped(ClipGradient::Value(3.5)), [3.0, 3.5]);
    }
}
