//! Operations on a processor: our kernels, registered with burn and its automatic differentiation.
//!
//! [`call`] is the one door. An operation is a value that implements [`Operation`]; its tensors go
//! through burn's dispatch, so that a gradient finds its way back through it.

mod activation;
mod adam;
mod arithmetic;
mod attention;
mod call;
mod conv;
mod folded;
mod layout;
mod memory;
mod norm;
mod pad;
mod pool;
mod resample;
mod stack;

pub(crate) use activation::{Activate, Softmax};
pub(crate) use adam::adam;
pub(crate) use arithmetic::{Add, Multiply, MultiplyChannels, MultiplyPixels};
pub(crate) use attention::Attention;
pub(crate) use call::{MOST_INPUTS, Operation, call};
pub(crate) use conv::{Convolution, TransposedConvolution};
pub use folded::ConvCache;
pub(crate) use folded::FoldedConvolution;
pub(crate) use layout::{Part, join};
pub(crate) use memory::{tensor_of, values_of};
pub(crate) use norm::NormalizeActivate;
pub(crate) use pad::{Crop, Pad};
pub(crate) use pool::{AveragePool, GlobalAverage, MaxPool};
pub(crate) use resample::Resample;
pub(crate) use stack::{
    ActivateNormalize, ConcatActivateNormalize, DenseConvolution, StackNormalization,
};

use burn::{
    backend::DispatchDevice,
    tensor::{DType, Device, Tensor},
};

/// Whether tensors of this device and type are computed by our kernels.
pub(crate) fn is_ours<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32 && is_cpu(&tensor.device())
}

fn is_cpu(device: &Device) -> bool {
    matches!(
        device.clone().inner().as_dispatch(),
        DispatchDevice::Flex(_)
    )
}

/// The values of a tensor, without its gradient.
pub(crate) fn fetch(tensor: Tensor<1>) -> Vec<f32> {
    tensor
        .into_data()
        .try_to_vec()
        .expect("parameters are contiguous f32 on a processor")
}
