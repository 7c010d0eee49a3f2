//! Feature maps: a logical shape `[N, C, Z, Y, X]` over a memory layout of this crate's own.

mod blocked;
mod concat;
mod pad;
mod planes;

use burn::{
    backend::DispatchTensor,
    tensor::{DType, Device, Tensor},
};
use coverslip_kernels::{
    Extent, LANES,
    maps::{Layout, MapShape},
};

use crate::cpu::{self, Part};
use blocked::Block;
pub use pad::{Margin, Padding};
pub(crate) use planes::{from_planes, into_planes};

/// The data inside a network: logical shape `[N, C, Z, Y, X]`, memory layout owned by this crate.
///
/// Losses and everything outside networks see plain tensors; [`FeatureMap::from_tensor`] and
/// [`FeatureMap::into_tensor`] are the two doors.
#[derive(Clone, Debug)]
pub struct FeatureMap {
    form: Form,
}

/// How a map lies in memory.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are few maps at a time, and each is passed on at once"
)]
enum Form {
    /// `[N, C, Z, Y, X]`.
    Planar(Tensor<5>),
    /// Maps `[N, C / 16, Z, Y, X, 16]` that follow each other along the channels; all but the last
    /// have a multiple of 16 channels. Only on a processor, and for 16 channels or more.
    Blocked(Vec<Block>),
}

impl FeatureMap {
    /// Takes a tensor of shape `[N, C, Z, Y, X]`.
    pub fn from_tensor(tensor: Tensor<5>) -> Self {
        Self {
            form: Form::Planar(tensor),
        }
    }

    /// Gives the tensor of shape `[N, C, Z, Y, X]` back.
    pub fn into_tensor(self) -> Tensor<5> {
        match self.form {
            Form::Planar(tensor) => tensor,
            Form::Blocked(_) => {
                Tensor::from_dispatch(cpu::join(self.into_parts(), Layout::Planar).tensor)
            }
        }
    }

    /// Takes maps of the given channels, of which there is but one where they are planar.
    pub(crate) fn from_kernel(layout: Layout, mut maps: Vec<(DispatchTensor, usize)>) -> Self {
        match layout {
            Layout::Planar => Self::from_tensor(Tensor::from_dispatch(maps.swap_remove(0).0)),
            Layout::Blocked => {
                let block = |(tensor, channels)| Block {
                    tensor: Tensor::from_dispatch(tensor),
                    channels,
                };
                Self {
                    form: Form::Blocked(maps.into_iter().map(block).collect()),
                }
            }
        }
    }

    /// The maps that the map consists of, as they are in memory.
    fn into_parts(self) -> Vec<Part> {
        match self.form {
            Form::Planar(tensor) => vec![planar_part(tensor)],
            Form::Blocked(blocks) => blocks.into_iter().map(Block::into_part).collect(),
        }
    }

    /// The maps that the map consists of, in the layout that kernels have for so many channels.
    pub(crate) fn into_kernel_parts(self) -> Vec<Part> {
        match self.form {
            Form::Planar(tensor) if tensor.dims()[1] >= LANES => {
                let part = vec![planar_part(tensor)];
                vec![cpu::join(part, Layout::Blocked)]
            }
            _ => self.into_parts(),
        }
    }

    /// The same, as one map.
    pub(crate) fn into_kernel_part(self) -> Part {
        let mut parts = self.into_kernel_parts();
        if parts.len() == 1 {
            return parts.swap_remove(0);
        }
        cpu::join(parts, Layout::Blocked)
    }

    /// The map as a planar one, however many channels it has.
    pub(crate) fn into_planar_part(self) -> Part {
        planar_part(self.into_tensor())
    }

    /// Whether the map is planar.
    pub(crate) fn is_planar(&self) -> bool {
        matches!(self.form, Form::Planar(_))
    }

    /// Calls an operation that computes each channel by itself.
    ///
    /// # Panics
    ///
    /// On a map that is not ours.
    pub(crate) fn call_each<O: cpu::Operation>(self, operation: impl Fn(MapShape) -> O) -> Self {
        let parts = self.into_kernel_parts();
        Self::call_parts(parts, operation)
    }

    /// The same without a change of layout, for operations that are copies.
    pub(crate) fn call_each_as_it_is<O: cpu::Operation>(
        self,
        operation: impl Fn(MapShape) -> O,
    ) -> Self {
        let parts = self.into_parts();
        Self::call_parts(parts, operation)
    }

    fn call_parts<O: cpu::Operation>(parts: Vec<Part>, operation: impl Fn(MapShape) -> O) -> Self {
        let layout = parts[0].shape.layout;
        let each = parts.into_iter().map(|Part { shape, tensor }| {
            let result = cpu::call(operation(shape), vec![tensor]);
            (result, shape.channels)
        });
        Self::from_kernel(layout, each.collect())
    }

    /// Calls an operation on the whole map and further inputs.
    ///
    /// # Panics
    ///
    /// On a map that is not ours.
    pub(crate) fn call_whole<O: cpu::Operation>(
        self,
        further: Vec<DispatchTensor>,
        operation: impl FnOnce(MapShape) -> O,
    ) -> Self {
        debug_assert!(self.is_ours());
        let Part { shape, tensor } = self.into_kernel_part();
        let inputs = std::iter::once(tensor).chain(further).collect();
        let result = cpu::call(operation(shape), inputs);
        Self::from_kernel(shape.layout, vec![(result, shape.channels)])
    }

    /// Whether our kernels compute on this map.
    pub(crate) fn is_ours(&self) -> bool {
        match &self.form {
            Form::Planar(tensor) => cpu::is_ours(tensor),
            Form::Blocked(_) => true,
        }
    }

    /// The sizes `[N, C, Z, Y, X]`.
    pub fn dims(&self) -> [usize; 5] {
        match &self.form {
            Form::Planar(tensor) => tensor.dims(),
            Form::Blocked(blocks) => {
                let [n, _, z, y, x, _] = blocks[0].tensor.dims();
                let channels = blocks.iter().map(|block| block.channels).sum();
                [n, channels, z, y, x]
            }
        }
    }

    /// The sizes `[Z, Y, X]`.
    pub fn spatial(&self) -> [usize; 3] {
        let [_, _, z, y, x] = self.dims();
        [z, y, x]
    }

    /// The sizes apart from the channels.
    pub(crate) fn extent(&self) -> Extent {
        Extent {
            n: self.dims()[0],
            size: self.spatial(),
        }
    }

    /// The type of the values.
    pub(crate) fn dtype(&self) -> DType {
        match &self.form {
            Form::Planar(tensor) => tensor.dtype(),
            Form::Blocked(_) => DType::F32,
        }
    }

    /// The device the map lives on.
    pub fn device(&self) -> Device {
        match &self.form {
            Form::Planar(tensor) => tensor.device(),
            Form::Blocked(blocks) => blocks[0].tensor.device(),
        }
    }
}

/// A planar map as kernels take it.
fn planar_part(tensor: Tensor<5>) -> Part {
    let [n, channels, z, y, x] = tensor.dims();
    let extent = Extent { n, size: [z, y, x] };
    Part {
        shape: MapShape::planar(extent, channels),
        tensor: tensor.into_dispatch(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Activation, ConvGeometry, Dropout, Interpolation, Normalization, activate, add,
        average_pool, conv, conv_transpose, dropout, global_average_pool, max_pool, multiply,
        normalize_activate, resize,
    };
    use burn::tensor::{Int, Tolerance};

    fn ramp(dims: [usize; 5]) -> FeatureMap {
        let len = dims.iter().product::<usize>() as i64;
        let tensor = Tensor::<1, Int>::arange(0..len, &Device::flex()).float();
        FeatureMap::from_tensor(tensor.reshape(dims))
    }

    #[test]
    fn fit_pads_and_crops_with_the_odd_pixel_high() {
        let fitted = ramp([1, 1, 1, 2, 5]).fit([1, 3, 2]).into_tensor();
        let expected =
            Tensor::<5>::from_floats([[[[[1.0, 2.0], [6.0, 7.0], [0.0, 0.0]]]]], &Device::flex());
        fitted
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::default());
    }

    /// Those values of the blocked form that belong to no channel.
    fn empty_lanes(map: FeatureMap) -> Vec<f32> {
        let Form::Blocked(blocks) = map.form else {
            panic!("a planar map");
        };
        let mut found = Vec::new();
        for block in blocks {
            let values = block
                .tensor
                .clone()
                .into_data()
                .try_to_vec::<f32>()
                .unwrap();
            let [_, count, z, y, x, _] = block.tensor.dims();
            for (pixel, lanes) in values.chunks_exact(LANES).enumerate() {
                let first = pixel / (z * y * x) % count * LANES;
                let used = (block.channels - first).min(LANES);
                found.extend_from_slice(&lanes[used..]);
            }
        }
        found
    }

    /// A kernel may rely on it that these lanes hold zeros, so every operation must leave them so.
    #[test]
    fn lanes_without_a_channel_stay_zero() {
        let device = Device::flex();
        let check = |map: &FeatureMap, count: usize| {
            let lanes = empty_lanes(map.clone());
            assert_eq!(lanes.len(), count);
            assert!(lanes.iter().all(|lane| lane.to_bits() == 0));
        };
        let ones = |channels| Tensor::<1>::ones([channels], &device);
        let weight = Tensor::ones([20, 3, 1, 3, 3], &device);
        let geometry = ConvGeometry::same([1, 3, 3]);
        let map = conv(ramp([2, 3, 1, 5, 6]), weight, Some(ones(20)), geometry);
        let (pixels, half) = (2 * 12 * 5 * 6, 2 * 12 * 2 * 3);
        check(&map, pixels);
        for function in [Activation::Sigmoid, Activation::Gelu, Activation::Silu] {
            check(&activate(map.clone(), function), pixels);
        }
        let norm = Normalization::Group {
            groups: 4,
            affine: Some((ones(20), ones(20))),
            epsilon: 1e-5,
        };
        let map = normalize_activate(map, norm, Activation::Sigmoid).output;
        check(&map, pixels);
        let padded = map.clone().pad([(0, 0), (1, 1), (2, 2)], Margin::Reflect);
        check(&padded, 2 * 12 * 7 * 10);
        check(&map.clone().pad_zero([(1, 0), (0, 0), (0, 0)]), 2 * pixels);
        check(&map.clone().crop([0, 1, 0], [1, 2, 3]), half);
        let pooled = max_pool(map.clone(), [1, 2, 2]);
        check(&pooled, half);
        check(&average_pool(map.clone(), [1, 2, 2], true), half);
        check(&global_average_pool(map.clone()), 2 * 12);
        check(&resize(pooled, [1, 5, 6], Interpolation::Nearest), pixels);
        check(&add(map.clone(), map.clone()), pixels);
        let infinite = |sizes: [usize; 5]| {
            FeatureMap::from_tensor(Tensor::full(sizes, f32::INFINITY, &device))
        };
        check(&multiply(map.clone(), infinite([2, 1, 1, 5, 6])), pixels);
        check(&dropout(map.clone(), 0.5, Dropout::Values, 1), pixels);
        check(&dropout(map.clone(), 0.5, Dropout::Channels, 1), pixels);
        let transposed = Tensor::ones([20, 17, 1, 2, 2], &device);
        let twice = ConvGeometry::UNIT.with_stride([1, 2, 2]);
        let up = conv_transpose(map.clone(), transposed, Some(ones(17)), twice);
        check(&up, 2 * 15 * 10 * 12);
        check(&FeatureMap::concat(vec![map.clone(), map]), 2 * 8 * 5 * 6);
    }
}
