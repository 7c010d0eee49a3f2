//! A step of the Adam optimiser on one parameter.

use burn::tensor::Tensor;
pub use coverslip_kernels::AdamStep;

use crate::cpu;

/// Takes a step of Adam: the new weight and both moments, from a weight, its gradient and the moments
/// of the step before; without moments from zero. On a processor this is one pass in place.
///
/// # Panics
///
/// When the lengths differ.
pub fn adam(
    step: AdamStep,
    weight: Tensor<1>,
    gradient: Tensor<1>,
    moments: Option<[Tensor<1>; 2]>,
) -> (Tensor<1>, [Tensor<1>; 2]) {
    let [first, second] = moments.unwrap_or_else(|| [gradient.zeros_like(), gradient.zeros_like()]);
    let tensors = [weight, gradient, first, second];
    if tensors.iter().all(cpu::is_ours) {
        return cpu::adam(step, tensors);
    }
    let [weight, gradient, first, second] = tensors;
    let gradient = gradient + weight.clone().mul_scalar(step.pull);
    let first = first.mul_scalar(step.keep[0]) + gradient.clone().mul_scalar(step.take[0]);
    let second = second.mul_scalar(step.keep[1]) + gradient.square().mul_scalar(step.take[1]);
    let root = second.clone().sqrt().add_scalar(step.epsilon);
    let moved = first.clone().mul_scalar(step.rate) / root;
    (weight.mul_scalar(step.shrink) - moved, [first, second])
}
