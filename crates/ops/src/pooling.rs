//! Maximum, average and global average pooling.

use burn::tensor::{
    Tensor,
    module::{avg_pool2d, max_pool2d},
    ops::{AvgPoolOptions, MaxPoolOptions},
};

use coverslip_kernels::maps::Window;

use crate::{
    FeatureMap,
    cpu::{AveragePool, GlobalAverage, MaxPool},
};

/// The largest value of each window; a kernel `[Z, Y, X]` alone means windows side by side. Pixels of
/// the padding are never the largest.
///
/// `[N, C, Z, Y, X]` becomes `[N, C, Z', Y', X']` with `n' = (n + 2 padding - kernel) / stride + 1`,
/// rounded down.
///
/// # Panics
///
/// When a window does not fit into the padded map, or a padding is not smaller than the kernel.
pub fn max_pool(input: FeatureMap, window: impl Into<Window>) -> FeatureMap {
    let window = window.into();
    if input.is_ours() {
        return input.call_each(|shape| MaxPool { shape, window });
    }
    // The maximum of a window is the maximum along Z of the maxima over its planes.
    by_planes_and_columns(input, window, |images, kernel, stride, padding| {
        let options = MaxPoolOptions::new(kernel).with_stride(stride);
        max_pool2d(images, options.with_padding(padding))
    })
}

/// The mean of each window; a kernel `[Z, Y, X]` alone means windows side by side. With
/// `count_padding` the zeros of the padding count, otherwise they are left out.
///
/// Sizes are those of [`max_pool`].
///
/// # Panics
///
/// As [`max_pool`].
pub fn average_pool(
    input: FeatureMap,
    window: impl Into<Window>,
    count_padding: bool,
) -> FeatureMap {
    let window = window.into();
    if input.is_ours() {
        return input.call_each(|shape| AveragePool {
            shape,
            window,
            count_padding,
        });
    }
    // The number of pixels that count is the product of those along the axes.
    by_planes_and_columns(input, window, |images, kernel, stride, padding| {
        let options = AvgPoolOptions::new(kernel).with_stride(stride);
        let options = options.with_count_include_pad(count_padding);
        avg_pool2d(images, options.with_padding(padding))
    })
}

/// The mean of each channel of each image: `[N, C, Z, Y, X]` becomes `[N, C, 1, 1, 1]`.
pub fn global_average_pool(input: FeatureMap) -> FeatureMap {
    if input.is_ours() {
        return input.call_each(|shape| GlobalAverage { shape });
    }
    let [n, c, z, y, x] = input.dims();
    let rows = input.into_tensor().reshape([n * c, z * y * x]);
    FeatureMap::from_tensor(rows.mean_dim(1).reshape([n, c, 1, 1, 1]))
}

/// Pools in 3D, which burn does not have, by a pooling of the planes and one along Z, where the rows
/// of an image are whole planes. `pool` is given images `[N, C, Y, X]`, kernel, stride and padding.
fn by_planes_and_columns(
    input: FeatureMap,
    window: Window,
    pool: impl Fn(Tensor<4>, [usize; 2], [usize; 2], [usize; 2]) -> Tensor<4>,
) -> FeatureMap {
    let [n, c, z, y, x] = input.dims();
    let [depth, height, width] = window.output_size([z, y, x]);
    let pair = |sizes: [usize; 3]| [sizes[1], sizes[2]];
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    let mut tensor = input.into_tensor();
    let is_identity = |axis: usize| kernel[axis] == 1 && stride[axis] == 1;
    if !(is_identity(1) && is_identity(2)) {
        let planes = tensor.reshape([n, c * z, y, x]);
        let pooled = pool(planes, pair(kernel), pair(stride), pair(padding));
        tensor = pooled.reshape([n, c, z, height, width]);
    }
    if !is_identity(0) {
        let columns = tensor.reshape([n, c, z, height * width]);
        let along = |sizes: [usize; 3], across| [sizes[0], across];
        let pooled = pool(
            columns,
            along(kernel, 1),
            along(stride, 1),
            along(padding, 0),
        );
        tensor = pooled.reshape([n, c, depth, height, width]);
    }
    FeatureMap::from_tensor(tensor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution, Tensor};

    #[test]
    fn equals_brute_force_in_3d() {
        let dims = [1, 2, 5, 6, 7];
        let tensor = Tensor::<5>::random(dims, Distribution::Normal(0.0, 1.0), &Device::flex());
        let values = tensor.clone().into_data().try_to_vec::<f32>().unwrap();
        let at = |c: usize, z: usize, y: usize, x: usize| values[((c * 5 + z) * 6 + y) * 7 + x];
        let pooled = max_pool(FeatureMap::from_tensor(tensor), [2, 3, 2]);
        assert_eq!(pooled.dims(), [1, 2, 2, 2, 3]);
        let mut expected = Vec::new();
        for c in 0..2 {
            for (z, y) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                for x in 0..3 {
                    let block =
                        (0..12).map(|i| at(c, 2 * z + i / 6, 3 * y + (i / 2) % 3, 2 * x + i % 2));
                    expected.push(block.fold(f32::MIN, f32::max));
                }
            }
        }
        assert_eq!(
            pooled
                .into_tensor()
                .into_data()
                .try_to_vec::<f32>()
                .unwrap(),
            expected
        );
    }
}
