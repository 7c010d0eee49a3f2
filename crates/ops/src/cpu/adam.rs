//! A step of Adam, outside of burn's graph.

use burn::{
    backend::{Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};
use burn_flex::FlexTensor;
use coverslip_kernels::{AdamStep, Isa};

use super::{call::contiguous, values_of};

#[backend_extension(Flex)]
trait AdamBackend: Backend {
    fn adam_step(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl AdamBackend for Flex {
    fn adam_step(
        weight: FlexTensor,
        gradient: FlexTensor,
        first: FlexTensor,
        second: FlexTensor,
        step: AdamStep,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let weight = contiguous(weight);
        let [mut gradient, mut first, mut second] = [gradient, first, second].map(contiguous);
        // Memory that nobody else holds is changed where it is, other memory copied first. The new
        // weight takes the gradient's, which is always free by now; the network holds the old weight
        // until the step is over.
        coverslip_kernels::adam(
            Isa::best(),
            step,
            values_of(&weight),
            gradient.storage_mut(),
            [first.storage_mut(), second.storage_mut()],
        );
        (gradient, first, second)
    }
}

/// The new weight and moments, from the weight, its gradient and both moments.
pub(crate) fn adam(step: AdamStep, tensors: [Tensor<1>; 4]) -> (Tensor<1>, [Tensor<1>; 2]) {
    let [weight, gradient, first, second] = tensors.map(Tensor::into_dispatch);
    let (weight, first, second) = Dispatch::adam_step(weight, gradient, first, second, step);
    let [weight, first, second] = [weight, first, second].map(Tensor::from_dispatch);
    (weight, [first, second])
}
