//! Resizing and upsampling of feature maps.

use burn::tensor::{
    Int, Tensor, TensorData,
    module::interpolate,
    ops::{InterpolateMode, InterpolateOptions},
};

use coverslip_kernels::maps;

use crate::{FeatureMap, cpu::Resample};

/// How [`resize`] finds pixels between pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The pixel at `floor(index * old size / new size)`; repeats each pixel at whole factors.
    Nearest,
    /// Linear along each axis (bilinear in 2D, trilinear in 3D).
    Linear {
        /// Whether the outermost pixel centres of input and output coincide; otherwise the outer
        /// pixel edges do.
        align_corners: bool,
    },
}

impl From<Interpolation> for maps::Interpolation {
    fn from(mode: Interpolation) -> Self {
        match mode {
            Interpolation::Nearest => Self::Nearest,
            Interpolation::Linear { align_corners } => Self::Linear { align_corners },
        }
    }
}

/// Enlarges a map by whole factors `[Z, Y, X]`: `[N, C, Z, Y, X]` to `[N, C, Z fz, Y fy, X fx]`.
pub fn upsample(input: FeatureMap, factors: [usize; 3], mode: Interpolation) -> FeatureMap {
    let size = input.spatial();
    let larger = [0, 1, 2].map(|axis| size[axis] * factors[axis]);
    resize(input, larger, mode)
}

/// Changes the size of a map to `size`, `[Z, Y, X]`: `[N, C, Z, Y, X]` to `[N, C, Z', Y', X']`.
///
/// Smaller sizes leave pixels out as PyTorch's `interpolate` does; they are not averaged.
///
/// # Panics
///
/// When a size is zero.
pub fn resize(input: FeatureMap, size: [usize; 3], mode: Interpolation) -> FeatureMap {
    assert!(!size.contains(&0), "a map of size {size:?}");
    if size == input.spatial() {
        return input;
    }
    if input.is_ours() {
        let interpolation = mode.into();
        return input.call_each(|shape| Resample {
            shape,
            size,
            interpolation,
        });
    }
    let mut tensor = input.into_tensor();
    match mode {
        Interpolation::Nearest => FeatureMap::from_tensor(nearest(tensor, size)),
        Interpolation::Linear { align_corners } => {
            for (axis, size) in size.into_iter().enumerate() {
                tensor = linear_along(tensor, axis + 2, size, align_corners);
            }
            FeatureMap::from_tensor(tensor)
        }
    }
}

/// Repeats pixels with burn's 2D operation: along Y and X, then along Z as the rows of a wide image.
fn nearest(mut tensor: Tensor<5>, size: [usize; 3]) -> Tensor<5> {
    let [n, c, z, y, x] = tensor.dims();
    let [depth, height, width] = size;
    // Pixels are repeated only in the half-pixel convention.
    let options = InterpolateOptions::new(InterpolateMode::Nearest).with_align_corners(false);
    let resize_images = |images: Tensor<4>, size: [usize; 2]| {
        interpolate(images, options.clone().with_output_size(size))
    };
    if [height, width] != [y, x] {
        let planes = resize_images(tensor.reshape([n, c * z, y, x]), [height, width]);
        tensor = planes.reshape([n, c, z, height, width]);
    }
    if depth != z {
        let area = height * width;
        let columns = resize_images(tensor.reshape([n, c, z, area]), [depth, area]);
        tensor = columns.reshape([n, c, depth, height, width]);
    }
    tensor
}

/// Interpolates along one axis. burn's own operation has no gradient on graphics cards.
fn linear_along(tensor: Tensor<5>, axis: usize, size: usize, align_corners: bool) -> Tensor<5> {
    let old = tensor.dims()[axis];
    if size == old {
        return tensor;
    }
    let (device, dtype) = (tensor.device(), tensor.dtype());
    let place = |index: usize| match align_corners {
        true if size == 1 => 0.0,
        true => (index * (old - 1)) as f64 / (size - 1) as f64,
        false => ((index as f64 + 0.5) * old as f64 / size as f64 - 0.5).max(0.0),
    };
    let below = |index| (place(index) as usize).min(old - 1);
    let taken = |first: usize| {
        let indices = (0..size).map(|index| (below(index) + first).min(old - 1) as i32);
        let indices = TensorData::new(indices.collect::<Vec<_>>(), [size]);
        let indices = Tensor::<1, Int>::from_data(indices, &device);
        tensor.clone().select(axis, indices)
    };
    let shares = (0..size).map(|index| (place(index) - below(index) as f64) as f32);
    let mut shape = [1; 5];
    shape[axis] = size;
    let shares = TensorData::new(shares.collect::<Vec<_>>(), shape);
    let shares = Tensor::<5>::from_data(shares, (&device, dtype));
    let (low, high) = (taken(0), taken(1));
    low.clone() + (high - low) * shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tolerance};

    fn row(values: [f32; 3]) -> FeatureMap {
        let tensor = Tensor::<1>::from_floats(values, &Device::flex());
        FeatureMap::from_tensor(tensor.reshape([1, 1, 3, 1, 1]))
    }

    fn assert_row(map: FeatureMap, expected: &[f32]) {
        let tensor = Tensor::<1>::from_floats(expected, &Device::flex());
        let expected = tensor.reshape([1, 1, expected.len(), 1, 1]);
        let tolerance = Tolerance::absolute(1e-6);
        map.into_tensor()
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), tolerance);
    }

    #[test]
    fn nearest_repeats_along_z() {
        let up = upsample(row([1.0, 2.0, 3.0]), [2, 1, 1], Interpolation::Nearest);
        assert_row(up, &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    }

    #[test]
    fn linear_follows_both_corner_conventions() {
        let half = Interpolation::Linear {
            align_corners: false,
        };
        let up = upsample(row([0.0, 4.0, 8.0]), [2, 1, 1], half);
        assert_row(up, &[0.0, 1.0, 3.0, 5.0, 7.0, 8.0]);
        let corners = Interpolation::Linear {
            align_corners: true,
        };
        let up = upsample(row([0.0, 5.0, 10.0]), [2, 1, 1], corners);
        assert_row(up, &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
    }
}
