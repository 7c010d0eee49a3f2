//! The gradient penalty of Wasserstein GANs.

use burn::tensor::{DType, Tensor};
use coverslip_ops::mean;

/// Length of the step along the gradient, as a share of the images' norm, in single and in double
/// precision: long enough that rounding does not drown the difference of the scores, short enough that
/// few units change sides.
const STEP: [f64; 2] = [1e-3, 1e-7];

/// Gradient penalty `weight * mean((|g| - 1)^2)` with `g` the gradient of the scores of `critic` by an
/// image between a real and a made one (Gulrajani et al. 2017, equation 3).
///
/// Its gradient by the weights of the critic is `2 (|g| - 1) d/dw (g/|g| . g)`, and what is differentiated
/// is the slope of the scores along `g/|g|`: it is taken from the scores at two points on that line, so
/// that no second derivative is needed. `g` reaches the images as constants.
///
/// - `real`, `fake`: `[N, C, Z, Y, X]`
/// - `share`: what of each image is real, 0 to 1, `[N, 1, 1, 1, 1]`; drawn evenly by the caller
///
/// # Panics
///
/// When the images' device records no gradients.
pub fn gradient_penalty(
    critic: impl Fn(Tensor<5>) -> Tensor<5>,
    real: Tensor<5>,
    fake: Tensor<5>,
    share: Tensor<5>,
    weight: f64,
) -> Tensor<1> {
    let rest = share.clone().neg().add_scalar(1.0);
    let between = (real * share + fake * rest).detach();
    let leaf = Tensor::from_inner(between.clone().inner()).require_grad();
    let gradients = critic(leaf.clone()).sum().backward();
    let gradient = leaf
        .grad(&gradients)
        .expect("the scores depend on the images");
    let gradient = Tensor::from_inner(gradient);
    let [n, c, z, y, x] = gradient.dims();
    let norm = gradient
        .clone()
        .add_scalar(1e-16)
        .square()
        .reshape([n, c * z * y * x])
        .sum_dim(1)
        .sqrt();
    let excess = norm.clone().sub_scalar(1.0);
    let value = mean(excess.clone().square()).mul_scalar(weight);

    let spread = |per_image: Tensor<2>| per_image.reshape([n, 1, 1, 1, 1]);
    let direction = gradient / spread(norm.clamp_min(1e-12));
    let step = step_length(&between);
    let offset = direction.mul_scalar(step);
    let scores = |images: Tensor<5>| {
        let scores = critic(images);
        let [n, c, z, y, x] = scores.dims();
        scores.reshape([n, c * z * y * x]).sum_dim(1)
    };
    let slope = (scores(between.clone() + offset.clone()) - scores(between - offset))
        .div_scalar(2.0 * step);
    let surrogate = mean(slope * excess).mul_scalar(2.0 * weight);
    value + surrogate.clone() - surrogate.detach()
}

/// The step for images of this size.
fn step_length(images: &Tensor<5>) -> f64 {
    let pixels = images.shape().num_elements() / images.dims()[0].max(1);
    let squares = images.clone().square().mean().into_scalar::<f32>();
    let share = STEP[usize::from(images.dtype() == DType::F64)];
    share * (f64::from(squares) * pixels as f64).sqrt().max(1e-6)
}
