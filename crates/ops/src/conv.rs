//! Convolutions and transposed convolutions, in 2D and 3D.

use std::sync::{Arc, OnceLock};

use burn::{
    backend::DispatchTensor,
    tensor::{
        Tensor,
        module::{conv_transpose2d, conv_transpose3d, conv2d, conv3d},
        ops::{ConvOptions, ConvTransposeOptions},
    },
};
use coverslip_kernels::{
    ConvShape, Extent, FusedActivation,
    maps::{Layout, MapShape, PartialMoments},
    planar,
};

use crate::{
    FeatureMap,
    cpu::{self, ConvCache, Convolution, FoldedConvolution, Part, TransposedConvolution, call},
    feature_map::{from_planes, into_planes},
};

/// The geometry of a convolution: stride, zero padding and dilation along `[Z, Y, X]`, and groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Step between output pixels, in input pixels (for a transposed convolution the reverse).
    pub stride: [usize; 3],
    /// Zeros added before the first pixel of each axis.
    pub padding: [usize; 3],
    /// Zeros added after the last pixel.
    pub padding_after: [usize; 3],
    /// Pixels that a transposed convolution adds after the last of its result, fewer than the stride;
    /// of no meaning to other convolutions.
    pub output_padding: [usize; 3],
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
        padding_after: [0; 3],
        output_padding: [0; 3],
        dilation: [1; 3],
        groups: 1,
        exact: false,
    };

    /// Keeps the size of the map for a kernel `[Z, Y, X]` at stride 1. An even kernel has one zero
    /// more after the last pixel than before the first, as PyTorch's `padding="same"`.
    pub fn same(kernel: [usize; 3]) -> Self {
        Self::UNIT.with_padding(kernel.map(|k| (k - 1) / 2), kernel.map(|k| k / 2))
    }

    /// The same with other numbers of zeros before the first and after the last pixel.
    pub fn with_padding(self, before: [usize; 3], after: [usize; 3]) -> Self {
        Self {
            padding: before,
            padding_after: after,
            ..self
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
            let padded = size[axis] + self.padding[axis] + self.padding_after[axis];
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
            let whole = size[axis].saturating_sub(1) * self.stride[axis] + reach;
            (whole + self.output_padding[axis])
                .saturating_sub(self.padding[axis] + self.padding_after[axis])
        })
    }

    /// Whether planes along Z do not see each other, given the kernel's size along Z.
    fn is_planar(&self, kernel_z: usize) -> bool {
        let added = [self.padding, self.padding_after, self.output_padding];
        kernel_z == 1 && self.stride[0] == 1 && added.iter().all(|pixels| pixels[0] == 0)
    }
}

/// Cross-correlates `input` with `weight` and adds `bias`.
///
/// - `input`: `[N, C, Z, Y, X]`
/// - `weight`: `[O, C / groups, KZ, KY, KX]`
/// - `bias`: `[O]`
/// - result: `[N, O, Z', Y', X']` with
///   `n' = (n + padding + padding_after - dilation (k - 1) - 1) / stride + 1`
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
    if geometry.padding != geometry.padding_after {
        // burn pads both sides alike.
        let pair = |axis| (geometry.padding[axis], geometry.padding_after[axis]);
        let padded = input.pad_zero([0, 1, 2].map(pair));
        return conv(padded, weight, bias, geometry.with_padding([0; 3], [0; 3]));
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
    let shape = conv_shape(&input, &weight, geometry);
    let (mut inputs, sources) = conv_inputs(input, &shape);
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
    let result = MapShape::of(shape.output, shape.out_channels);
    call_for_map(operation, inputs, result)
}

/// A convolution, a normalisation by given statistics and an activation by our kernels, without a
/// gradient. `statistics` are weight, bias, mean and variance of the normalisation, each `[O]`, and
/// what is added to the variance.
pub(crate) fn cpu_conv_folded(
    input: FeatureMap,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
    statistics: Option<([Tensor<1>; 4], f64)>,
    activation: FusedActivation,
    cache: &ConvCache,
) -> FeatureMap {
    let shape = conv_shape(&input, &weight, geometry);
    let (mut inputs, sources) = conv_inputs(input, &shape);
    let operation = FoldedConvolution {
        shape,
        sources,
        may_transform: !geometry.exact,
        epsilon: statistics.as_ref().map(|(_, epsilon)| *epsilon),
        has_bias: bias.is_some(),
        activation,
        cache: cache.share(),
    };
    inputs.push(weight.into_dispatch());
    if let Some((statistics, _)) = statistics {
        inputs.extend(statistics.map(Tensor::into_dispatch));
    }
    inputs.extend(bias.map(Tensor::into_dispatch));
    let result = MapShape::of(shape.output, shape.out_channels);
    call_for_map(operation, inputs, result)
}

pub(crate) fn conv_shape(
    input: &FeatureMap,
    weight: &Tensor<5>,
    geometry: ConvGeometry,
) -> ConvShape {
    let [n, in_channels, ..] = input.dims();
    let [out_channels, _, kz, ky, kx] = weight.dims();
    let size = input.spatial();
    ConvShape {
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
    }
}

/// The maps that a convolution reads, and the blocks of each; none of a planar one.
fn conv_inputs(input: FeatureMap, shape: &ConvShape) -> (Vec<DispatchTensor>, Vec<usize>) {
    if input.is_planar() && planar::is_suited(shape) {
        return (vec![input.into_planar_part().tensor], Vec::new());
    }
    let parts = input.into_kernel_parts();
    let is_blocked = |part: &&Part| part.shape.layout == Layout::Blocked;
    let blocked = parts.iter().filter(is_blocked);
    let sources = blocked.map(|part| part.shape.units()).collect();
    let inputs = parts.into_iter().map(|part| part.tensor).collect();
    (inputs, sources)
}

/// The transpose of [`conv`], which enlarges a map.
///
/// - `input`: `[N, C, Z, Y, X]`
/// - `weight`: `[C, O / groups, KZ, KY, KX]`
/// - `bias`: `[O]`
/// - result: `[N, O, Z', Y', X']` with
///   `n' = (n - 1) stride - padding - padding_after + dilation (k - 1) + 1 + output_padding`
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
    if geometry.padding != geometry.padding_after {
        // burn cuts both sides alike.
        let size = geometry.transposed_output(input.spatial(), [kz, ky, kx]);
        let whole = conv_transpose(input, weight, bias, geometry.with_padding([0; 3], [0; 3]));
        return whole.crop(geometry.padding, size);
    }
    let ConvGeometry {
        stride,
        padding,
        output_padding,
        dilation,
        groups,
        ..
    } = geometry;
    if geometry.is_planar(kz) {
        let depth = input.spatial()[0];
        let options = ConvTransposeOptions::new(
            [stride[1], stride[2]],
            [padding[1], padding[2]],
            [output_padding[1], output_padding[2]],
            [dilation[1], dilation[2]],
            groups,
        );
        let weight = weight.reshape([channels, out, ky, kx]);
        let planes = conv_transpose2d(into_planes(input.into_tensor()), weight, bias, options);
        return FeatureMap::from_tensor(from_planes(planes, depth));
    }
    let options = ConvTransposeOptions::new(stride, padding, output_padding, dilation, groups);
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
    let map = input.into_kernel_part().tensor;
    let operation = TransposedConvolution {
        shape,
        has_bias: bias.is_some(),
    };
    let mut inputs = vec![map, weight.into_dispatch()];
    inputs.extend(bias.map(Tensor::into_dispatch));
    call_for_map(operation, inputs, MapShape::of(shape.input, out_channels))
}

/// The result of an operation that gives a map of the shape `result`.
fn call_for_map(
    operation: impl cpu::Operation,
    inputs: Vec<DispatchTensor>,
    result: MapShape,
) -> FeatureMap {
    let map = (call(operation, inputs), result.channels);
    FeatureMap::from_kernel(result.layout, vec![map])
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
