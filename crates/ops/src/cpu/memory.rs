//! The kernels' buffers as burn's tensors, without a copy.

use std::mem::MaybeUninit;

use burn::tensor::{DType, Shape};
use burn_flex::{FlexTensor, Layout};
use burn_std::{
    AccessError, AccessPolicy, AllocationController, AllocationError, AllocationProperty, Bytes,
};
use coverslip_kernels::Buffer;

/// A tensor of the given sizes whose memory is `buffer`.
pub(crate) fn tensor_of(buffer: Buffer, sizes: &[usize]) -> FlexTensor {
    debug_assert_eq!(buffer.as_slice().len(), sizes.iter().product::<usize>());
    let length = size_of_val(buffer.as_slice());
    let controller = Box::new(Owner { buffer });
    // SAFETY: all values of a buffer are initialised, and the controller shows all of them.
    #[expect(unsafe_code, reason = "burn's way to take memory over without a copy")]
    let bytes = unsafe { Bytes::from_controller(controller, length) };
    FlexTensor::new(
        bytes,
        Layout::contiguous(Shape::from(sizes.to_vec())),
        DType::F32,
    )
}

/// The values of a contiguous tensor of `f32`, in order.
pub(crate) fn values_of(tensor: &FlexTensor) -> &[f32] {
    tensor
        .as_slice::<f32>()
        .expect("operations are given contiguous tensors of f32")
}

/// Keeps a buffer, which has a greater alignment than burn's own memory.
struct Owner {
    buffer: Buffer,
}

#[expect(
    unsafe_code,
    reason = "the trait of burn's memory has an unsafe method"
)]
impl AllocationController for Owner {
    fn alloc_align(&self) -> usize {
        64
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(
        &mut self,
        _policy: AccessPolicy,
    ) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        let values = self.buffer.as_mut_slice();
        // SAFETY: the same memory as bytes; the caller writes only initialised data.
        Ok(unsafe {
            std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values))
        })
    }

    fn memory(&self, _policy: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        let values = self.buffer.as_slice();
        // SAFETY: the same memory as bytes, all of it initialised.
        Ok(unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) })
    }

    fn grow(&mut self, _size: usize, _align: usize) -> Result<(), AllocationError> {
        Err(AllocationError::UnsupportedOperation)
    }
}

/// A tensor of the given sizes with these values.
pub(crate) fn tensor_from_vec(values: Vec<f32>, sizes: &[usize]) -> FlexTensor {
    debug_assert_eq!(values.len(), sizes.iter().product::<usize>());
    FlexTensor::new(
        Bytes::from_elems(values),
        Layout::contiguous(Shape::from(sizes.to_vec())),
        DType::F32,
    )
}
