use burn::tensor::{
    Tensor,
    module::{conv_transpose2d, conv_transpose3d, conv2d, conv3d},
    ops::{ConvOptions, ConvTransposeOptions},
};

use crate::FeatureMap;

/// Where a convolution looks: stride, zero padding and dilation along `[Z, Y, X]`, and groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Step between output pixels, in input pixels (for a transposed convolution the reverse).
    pub stride: [usize; 3],
    /// Zeros added on both sides of each axis.
    pub padding: [usize; 3],
    /// Distance between the taps of the kernel.
    pub dilation: [usize; 3],
    /// Number of channel groups that do not see each other.
    pub groups: usize,
}

impl ConvGeometry {
    /// Stride 1, no padding, no dilation, one group.
    pub const UNIT: Self = Self {
        stride: [1; 3],
        padding: [0; 3],
        dilation: [1; 3],
        groups: 1,
    };

    /// Keeps the size of the map for an odd kernel `[Z, Y, X]` at stride 1.
    pub fn same(kernel: [usize; 3]) -> Self {
        Self {
            padding: kernel.map(|k| k / 2),
            ..Self::UNIT
        }
    }

    /// The same with another stride.
    pub fn with_stride(self, stride: [usize; 3]) -> Self {
        Self { stride, ..self }
    }

    /// Whether planes along Z do not see each other, given the kernel's size along Z.
    fn is_planar(&self, kernel_z: usize) -> bool {
        kernel_z == 1 && self.stride[0] == 1 && self.padding[0] == 0
    }
}

/// Cross-correlates `input` with `weight` and adds `bias`.
///
/// - `input`: `[N, C, Z, Y, X]`
/// - `weight`: `[O, C / groups, KZ, KY, KX]`
/// - `bias`: `[O]`
/// - result: `[N, O, Z', Y', X']` with `n' = (n + 2 padding - dilation (k - 1) - 1) / stride + 1`
pub fn conv(
    input: FeatureMap,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
) -> FeatureMap {
    let [out, channels, kz, ky, kx] = weight.dims();
    let ConvGeometry {
        stride: [sz, sy, sx],
        padding: [pz, py, px],
        dilation,
        groups,
    } = geometry;
    let [dz, dy, dx] = dilation;
    if geometry.is_planar(kz) {
        let depth = input.spatial()[0];
        let options = ConvOptions::new([sy, sx], [py, px], [dy, dx], groups);
        let weight = weight.reshape([out, channels, ky, kx]);
        return FeatureMap::from_planes(conv2d(input.into_planes(), weight, bias, options), depth);
    }
    let options = ConvOptions::new([sz, sy, sx], [pz, py, px], [dz, dy, dx], groups);
    FeatureMap::from_tensor(conv3d(input.into_tensor(), weight, bias, options))
}

/// The transpose of [`conv`], which enlarges a map.
///
/// - `input`: `[N, C, Z, Y, X]`
/// - `weight`: `[C, O / groups, KZ, KY, KX]`
/// - `bias`: `[O]`
/// - result: `[N, O, Z', Y', X']` with `n' = (n - 1) stride - 2 padding + dilation (k - 1) + 1`
pub fn conv_transpose(
    input: FeatureMap,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
) -> FeatureMap {
    let [channels, out, kz, ky, kx] = weight.dims();
    let ConvGeometry {
        stride,
        padding,
        dilation,
        groups,
    } = geometry;
    if geometry.is_planar(kz) {
        let depth = input.spatial()[0];
        let options = ConvTransposeOptions::new(
            [stride[1], stride[2]],
            [padding[1], padding[2]],
            [0, 0],
            [dilation[1], dilation[2]],
            groups,
        );
        let weight = weight.reshape([channels, out, ky, kx]);
        let planes = conv_transpose2d(input.into_planes(), weight, bias, options);
        return FeatureMap::from_planes(planes, depth);
    }
    let options = ConvTransposeOptions::new(stride, padding, [0; 3], dilation, groups);
    FeatureMap::from_tensor(conv_transpose3d(input.into_tensor(), weight, bias, options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution, Tolerance};

    fn random(dims: [usize; 5]) -> Tensor<5> {
        Tensor::random(dims, Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    /// The planar road must be the 3D operation with a kernel of one plane.
    #[test]
    fn planes_equal_the_3d_operation() {
        let input = random([2, 3, 4, 7, 9]);
        let weight = random([5, 3, 1, 3, 3]);
        let geometry = ConvGeometry::same([1, 3, 3]).with_stride([1, 2, 1]);
        let planar = conv(
            FeatureMap::from_tensor(input.clone()),
            weight.clone(),
            None,
            geometry,
        );
        let options = ConvOptions::new([1, 2, 1], [0, 1, 1], [1; 3], 1);
        let expected = conv3d(input, weight, None, options);
        planar
            .into_tensor()
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-5));
    }

    #[test]
    fn transposed_planes_equal_the_3d_operation() {
        let input = random([2, 3, 4, 5, 6]);
        let weight = random([3, 2, 1, 2, 2]);
        let geometry = ConvGeometry::UNIT.with_stride([1, 2, 2]);
        let planar = conv_transpose(
            FeatureMap::from_tensor(input.clone()),
            weight.clone(),
            None,
            geometry,
        );
        let options = ConvTransposeOptions::new([1, 2, 2], [0; 3], [0; 3], [1; 3], 1);
        let expected = conv_transpose3d(input, weight, None, options);
        assert_eq!(planar.dims(), [2, 2, 4, 10, 12]);
        planar
            .into_tensor()
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-5));
    }
}
