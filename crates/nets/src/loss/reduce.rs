//! Sums over pixels.

use burn::tensor::{Device, Tensor, TensorData};
use coverslip_ops::{mean, sum};

/// The mean over all values; with `weight` `[N, 1, Z, Y, X]` or one for each channel, `sum w v / sum w`,
/// and 0 when nothing counts.
pub(super) fn weighted_mean(values: Tensor<5>, weight: Option<&Tensor<5>>) -> Tensor<1> {
    let Some(weight) = weight else {
        return mean(values);
    };
    let channels = values.dims()[1] / weight.dims()[1];
    let total = sum(weight.clone()).mul_scalar(channels as f64);
    divide(sum(values * weight.clone()), total)
}

/// `part / whole`, and `part`, which must be 0 then, where the whole is 0.
pub(super) fn divide<const D: usize>(part: Tensor<D>, whole: Tensor<D>) -> Tensor<D> {
    let is_empty = whole.clone().equal_scalar(0.0);
    part / whole.mask_fill(is_empty, 1.0)
}

/// The sum over the pixels of each image and channel, `[N, C]`.
pub(super) fn pixel_sums(values: Tensor<5>) -> Tensor<2> {
    let [n, c, z, y, x] = values.dims();
    values
        .reshape([n * c, z * y * x])
        .sum_dim(1)
        .reshape([n, c])
}

/// The classes that count, `[N, C, Z, Y, X]`: all, or those but the background, class 0, where there are
/// others.
pub(super) fn counted_classes(values: Tensor<5>, include_background: bool) -> Tensor<5> {
    let classes = values.dims()[1];
    if include_background || classes == 1 {
        values
    } else {
        values.narrow(1, 1, classes - 1)
    }
}

/// One number for each class, `[1, C, 1, 1, 1]`.
pub(super) fn per_class(numbers: &[f32], device: &Device) -> Tensor<5> {
    Tensor::from_data(
        TensorData::new(numbers.to_vec(), [1, numbers.len(), 1, 1, 1]),
        device,
    )
}
