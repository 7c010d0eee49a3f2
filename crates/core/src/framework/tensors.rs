//! Patches as tensors, and tensors as arrays.

use burn::tensor::{Device, Tensor, TensorData};
use coverslip_nets::loss::Target;
use ndarray::{Array4, Array5, Axis};

use crate::data::Batch;

/// The tensor of an array `[N, C, Z, Y, X]`.
pub fn to_tensor(array: &Array5<f32>, device: &Device) -> Tensor<5> {
    let shape: [usize; 5] = array.dim().into();
    let values: Vec<f32> = array.iter().copied().collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The tensor `[1, C, Z, Y, X]` of one image.
pub fn image_to_tensor(image: &Array4<f32>, device: &Device) -> Tensor<5> {
    to_tensor(&image.view().insert_axis(Axis(0)).to_owned(), device)
}

/// The array of a tensor `[N, C, Z, Y, X]`.
///
/// # Panics
///
/// If its numbers are not 32-bit floats, as those of all networks are.
pub fn to_array(tensor: Tensor<5>) -> Array5<f32> {
    let [n, c, z, y, x] = tensor.dims();
    let values = tensor
        .into_data()
        .try_into_vec::<f32>()
        .expect("outputs are 32-bit floats");
    Array5::from_shape_vec((n, c, z, y, x), values).expect("the tensor has as many values")
}

/// The first image of a tensor, `[C, Z, Y, X]`.
///
/// # Panics
///
/// As [`to_array`].
pub fn to_image(tensor: Tensor<5>) -> Array4<f32> {
    to_array(tensor).index_axis_move(Axis(0), 0)
}

/// The target of a batch with the weights of its pixels, for a loss.
///
/// # Panics
///
/// As [`Batch::target`].
pub fn to_target(batch: &Batch, device: &Device) -> Target {
    let weight = batch.weight.as_ref();
    Target {
        values: to_tensor(batch.target(), device),
        weight: weight.map(|weight| to_tensor(weight, device)),
    }
}
