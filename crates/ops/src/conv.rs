use std::sync::{Arc, OnceLock};

use burn::{
    backend::DispatchTensor,
    tensor::{
        Tensor,
        module::{conv_transpose2d, conv_transpose3d, conv2d, conv3d},
        ops::{ConvOptions, ConvTransposeOptions},
    },
};
use coverslip_kernels::{ConvShape, Extent, FusedActivation, LANES, maps::PartialMoments};

use crate::{
    FeatureMap,
    cpu::{self, Convolution, TransposedConvolution, call},
    feature_map::{Block, from_planes, into_planes},
};

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
    /// Whether a processor must add products up directly. Otherwise 3 x 3 kernels may be computed by
    /// Winograd's algorithm, several times faster and with an error about four times as large: at most
    /// 1e-4 of the result's root mean square.
    pub exact: bool,
}

impl ConvGeometry {
    /// Stride 1, no padding, no dilation, one group.
    pub const UNIT: Self = Self {
        stride: [1; 3],
        padding: [0; 3],
        dilation: [1; 3],
        groups: 1,
        exact: false,
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

    /// The size of the result for a map and kernel of these sizes, `[Z, Y, X]`.
    ///
    /// # Panics
    ///
    /// When the kernel with its dilation does not fit into the padded map.
    pub fn output(&self, size: [usize; 3], kernel: [usize; 3]) -> [usize; 3] {
        [0, 1, 2].map(|axis| {
            let reach = self.dilation[axis] * (kernel[axis] - 1) + 1;
            let padded = size[axis] + 2 * self.padding[axis];
            assert!(
                padded >= reach,
                "a kernel of {kernel:?} does not fit into a map of {size:?} with {self:?}"
            );
            (padded - reach) / self.stride[axis] + 1
        })
    }

    /// The size of the result of the transposed convolution.
    fn transposed_output(&self, size: [usize; 3], kernel: [usize; 3]) -> [usize; 3] {
        [0, 1, 2].map(|axis| {
            let reach = self.dilation[axis] * (kernel[axis] - 1) + 1;
            (size[axis].saturating_sub(1) * self.stride[axis] + reach)
                .saturating_sub(2 * self.padding[axis])
        })
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
///
/// # Panics
///
/// When the kernel with its dilation does not fit into the padded map, or the channels of input and
/// weight differ.
pub fn conv(
    input: FeatureMap,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
) -> FeatureMap {
    if input.is_ours() {
        return cpu_conv(
            input,
            weight,
            bias,
            geometry,
            FusedActivation::Identity,
            None,
        );
    }
    let [out, channels, kz, ky, kx] = weight.dims();
    let ConvGeometry {
        stride: [sz, sy, sx],
        padding: [pz, py, px],
        dilation,
        groups,
        ..
    } = geometry;
    let [dz, dy, dx] = dilation;
    if geometry.is_planar(kz) {
        let depth = input.spatial()[0];
        let options = ConvOptions::new([sy, sx], [py, px], [dy, dx], groups);
        let weight = weight.reshape([out, channels, ky, kx]);
        let planes = conv2d(into_planes(input.into_tensor()), weight, bias, options);
        return FeatureMap::from_tensor(from_planes(planes, depth));
    }
    let options = ConvOptions::new([sz, sy, sx], [pz, py, px], [dz, dy, dx], groups);
    FeatureMap::from_tensor(conv3d(input.into_tensor(), weight, bias, options))
}

/// [`conv`] and, without a gradient, an activation by our kernels; with a place for them, moments of
/// the result too where the algorithm has them for nothing.
pub(crate) fn cpu_conv(
    input: FeatureMap,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
    activation: FusedActivation,
    moments: Option<Arc<OnceLock<Vec<PartialMoments>>>>,
) -> FeatureMap {
    let [n, in_channels, ..] = input.dims();
    let [out_channels, _, kz, ky, kx] = weight.dims();
    let size = input.spatial();
    let shape = ConvShape {
        input: Extent { n, size },
        output: Extent {
            n,
            size: geometry.output(size, [kz, ky, kx]),
        },
        in_channels,
        out_channels,
        kernel: [kz, ky, kx],
        stride: geometry.stride,
        padding: geometry.padding,
        dilation: geometry.dilation,
        groups: geometry.groups,
    };
    let (sources, mut inputs) = match input.into_blocks() {
        Ok(blocks) => (
            blocks.iter().map(Block::blocks).collect(),
            blocks
                .into_iter()
                .map(|block| block.tensor.into_dispatch())
                .collect(),
        ),
        Err(tensor) => (Vec::new(), vec![tensor.into_dispatch()]),
    };
    let operation = Convolution {
        shape,
        sources,
        has_bias: bias.is_some(),
        may_transform: !geometry.exact,
        activation,
        moments,
    };
    inputs.push(weight.into_dispatch());
    inputs.extend(bias.map(Tensor::into_dispatch));
    call_for_map(operation, inputs, out_channels)
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
    if input.is_ours() {
        return cpu_conv_transpose(input, weight, bias, geometry);
    }
    let [channels, out, kz, ky, kx] = weight.dims();
    let ConvGeometry {
        stride,
        padding,
        dilation,
        groups,
        ..
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
        let planes = conv_transpose2d(into_planes(input.into_tensor()), weight, bias, options);
        return FeatureMap::from_tensor(from_planes(planes, depth));
    }
    let options = ConvTransposeOptions::new(stride, padding, [0; 3], dilation, groups);
    FeatureMap::from_tensor(conv_transpose3d(input.into_tensor(), weight, bias, options))
}

fn cpu_conv_transpose(
    input: FeatureMap,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
) -> FeatureMap {
    let [n, channels, ..] = input.dims();
    let [_, per_group, kz, ky, kx] = weight.dims();
    let out_channels = per_group * geometry.groups;
    let size = input.spatial();
    let shape = ConvShape {
        input: Extent {
            n,
            size: geometry.transposed_output(size, [kz, ky, kx]),
        },
        output: Extent { n, size },
        in_channels: out_channels,
        out_channels: channels,
        kernel: [kz, ky, kx],
        stride: geometry.stride,
        padding: geometry.padding,
        dilation: geometry.dilation,
        groups: geometry.groups,
    };
    let map = match input.into_block() {
        Ok(block) => block.tensor.into_dispatch(),
        Err(tensor) => tensor.into_dispatch(),
    };
    let operation = TransposedConvolution {
        shape,
        has_bias: bias.is_some(),
    };
    let mut inputs = vec![map, weight.into_dispatch()];
    inputs.extend(bias.map(Tensor::into_dispatch));
    call_for_map(operation, inputs, out_channels)
}

/// The result of an operation that gives a map of `channels` channels in the layout of so many.
fn call_for_map(
    operation: impl cpu::Operation,
    inputs: Vec<DispatchTensor>,
    channels: usize,
) -> FeatureMap {
    if channels < LANES {
        return FeatureMap::from_tensor(call(operation, inputs));
    }
    FeatureMap::from_blocks(vec![Block {
        tensor: call(operation, inputs),
        channels,
    }])
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
