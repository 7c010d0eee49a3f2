mod blocked;

use burn::{
    backend::DispatchTensor,
    tensor::{DType, Device, Tensor, ops::PadMode},
};
use coverslip_kernels::{Extent, LANES, maps::MapShape};

use crate::cpu;
pub(crate) use blocked::{Block, MOST_SOURCES};

/// Pixels to add on the low and high side of each spatial axis, `[(z, z), (y, y), (x, x)]`.
pub type Padding = [(usize, usize); 3];

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
            Form::Blocked(mut blocks) if blocks.len() == 1 => blocks.swap_remove(0).into_planar(),
            Form::Blocked(blocks) => {
                Tensor::cat(blocks.into_iter().map(Block::into_planar).collect(), 1)
            }
        }
    }

    /// Takes blocked maps that follow each other along the channels.
    pub(crate) fn from_blocks(blocks: Vec<Block>) -> Self {
        Self {
            form: Form::Blocked(blocks),
        }
    }

    /// The blocked maps, or the planar tensor where the map is not for our kernels' layout.
    pub(crate) fn into_blocks(self) -> Result<Vec<Block>, Tensor<5>> {
        match self.form {
            Form::Blocked(blocks) => Ok(blocks),
            Form::Planar(tensor) if is_blocked_there(&tensor) => {
                Ok(vec![Block::from_planar(tensor)])
            }
            Form::Planar(tensor) => Err(tensor),
        }
    }

    /// The map as one blocked tensor, or the planar tensor.
    pub(crate) fn into_block(self) -> Result<Block, Tensor<5>> {
        let mut blocks = self.into_blocks()?;
        if blocks.len() == 1 {
            return Ok(blocks.swap_remove(0));
        }
        Ok(Block::join(blocks))
    }

    /// Calls an operation that gives a map of the same sizes on the map and further inputs.
    ///
    /// # Panics
    ///
    /// On a map that is not ours.
    pub(crate) fn call_same<O: cpu::Operation>(
        self,
        further: Vec<DispatchTensor>,
        operation: impl FnOnce(MapShape) -> O,
    ) -> Self {
        debug_assert!(self.is_ours());
        let (extent, channels) = (self.extent(), self.dims()[1]);
        let with = |map: DispatchTensor| std::iter::once(map).chain(further).collect();
        match self.into_block() {
            Ok(block) => {
                let operation = operation(MapShape::blocked(extent, channels));
                let tensor = cpu::call(operation, with(block.tensor.into_dispatch()));
                Self::from_blocks(vec![Block { tensor, channels }])
            }
            Err(tensor) => {
                let operation = operation(MapShape::planar(extent, channels));
                Self::from_tensor(cpu::call(operation, with(tensor.into_dispatch())))
            }
        }
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

    /// The device the map lives on.
    pub fn device(&self) -> Device {
        match &self.form {
            Form::Planar(tensor) => tensor.device(),
            Form::Blocked(blocks) => blocks[0].tensor.device(),
        }
    }

    /// Joins maps of equal `N, Z, Y, X` along the channels, in the order given.
    ///
    /// Maps whose channels are multiples of 16 are not copied: the next convolution reads them where
    /// they are.
    ///
    /// # Panics
    ///
    /// When the other sizes differ, or `maps` is empty.
    pub fn concat(maps: Vec<Self>) -> Self {
        let sources: usize = maps.iter().map(Self::sources).sum();
        let (last, before) = maps.split_last().expect("there is a map to join");
        let is_aligned = |map: &Self| map.dims()[1] % LANES == 0 && map.is_blocked();
        if sources <= MOST_SOURCES && before.iter().all(is_aligned) && last.is_blocked() {
            let blocks = maps.into_iter().filter_map(|map| map.into_blocks().ok());
            return Self::from_blocks(blocks.flatten().collect());
        }
        let tensors = maps.into_iter().map(Self::into_tensor).collect();
        Self::from_tensor(Tensor::cat(tensors, 1))
    }

    fn sources(&self) -> usize {
        match &self.form {
            Form::Planar(_) => 1,
            Form::Blocked(blocks) => blocks.len(),
        }
    }

    /// Whether the map is blocked or becomes so without leaving its layout's rule.
    fn is_blocked(&self) -> bool {
        match &self.form {
            Form::Planar(tensor) => is_blocked_there(tensor),
            Form::Blocked(_) => true,
        }
    }

    /// Adds zeros around the spatial axes.
    pub fn pad_zero(self, padding: Padding) -> Self {
        if padding == Padding::default() {
            return self;
        }
        let [z, y, x] = padding;
        match self.form {
            Form::Planar(tensor) => {
                let pairs = [(0, 0), (0, 0), z, y, x];
                Self::from_tensor(tensor.pad(pairs, PadMode::Constant(0.0)))
            }
            Form::Blocked(blocks) => Self::each_block(blocks, |tensor| {
                let pairs = [(0, 0), (0, 0), z, y, x, (0, 0)];
                tensor.pad(pairs, PadMode::Constant(0.0))
            }),
        }
    }

    /// The part of `size` pixels that begins at `start`, both `[Z, Y, X]`.
    ///
    /// # Panics
    ///
    /// When the part leaves the map.
    pub fn crop(self, start: [usize; 3], size: [usize; 3]) -> Self {
        if start == [0; 3] && size == self.spatial() {
            return self;
        }
        let [z, y, x] = [0, 1, 2].map(|axis| start[axis]..start[axis] + size[axis]);
        match self.form {
            Form::Planar(tensor) => {
                let [n, c, ..] = tensor.dims();
                Self::from_tensor(tensor.slice([0..n, 0..c, z, y, x]))
            }
            Form::Blocked(blocks) => Self::each_block(blocks, |tensor| {
                let [n, b, ..] = tensor.dims();
                tensor.slice([0..n, 0..b, z.clone(), y.clone(), x.clone(), 0..LANES])
            }),
        }
    }

    fn each_block(blocks: Vec<Block>, change: impl Fn(Tensor<6>) -> Tensor<6>) -> Self {
        Self::from_blocks(
            blocks
                .into_iter()
                .map(|block| Block {
                    tensor: change(block.tensor),
                    channels: block.channels,
                })
                .collect(),
        )
    }

    /// Zero-pads or crops to `size` (`[Z, Y, X]`), half of the difference on either side and the odd
    /// pixel on the high side: how U-Nets fit an up-sampled map to its skip connection.
    pub fn fit(self, size: [usize; 3]) -> Self {
        let have = self.spatial();
        let missing = [0, 1, 2].map(|axis| size[axis].saturating_sub(have[axis]));
        let padded = self.pad_zero(missing.map(|d| (d / 2, d - d / 2)));
        let have = padded.spatial();
        let start = [0, 1, 2].map(|axis| (have[axis] - size[axis]) / 2);
        padded.crop(start, size)
    }
}

/// Whether a planar tensor is one that our kernels take blocked.
fn is_blocked_there(tensor: &Tensor<5>) -> bool {
    tensor.dims()[1] >= LANES && tensor.dtype() == DType::F32 && cpu::is_ours(tensor)
}

/// Views every plane as an image of a batch, `[N * Z, C, Y, X]`: how devices with fast 2D and slow
/// 3D operations compute layers that are 1 along Z.
pub(crate) fn into_planes(tensor: Tensor<5>) -> Tensor<4> {
    let [n, c, z, y, x] = tensor.dims();
    if z == 1 {
        return tensor.reshape([n, c, y, x]);
    }
    tensor.swap_dims(1, 2).reshape([n * z, c, y, x])
}

/// The inverse of [`into_planes`] for maps of `depth` planes.
pub(crate) fn from_planes(planes: Tensor<4>, depth: usize) -> Tensor<5> {
    let [nz, c, y, x] = planes.dims();
    let n = nz / depth;
    if depth == 1 {
        planes.reshape([n, c, 1, y, x])
    } else {
        planes.reshape([n, depth, c, y, x]).swap_dims(1, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Int, Tolerance};

    fn ramp(dims: [usize; 5]) -> FeatureMap {
        let len = dims.iter().product::<usize>() as i64;
        let tensor = Tensor::<1, Int>::arange(0..len, &Device::flex()).float();
        FeatureMap::from_tensor(tensor.reshape(dims))
    }

    #[test]
    fn planes_round_trip_in_3d() {
        let map = ramp([2, 3, 4, 5, 6]).into_tensor();
        let back = from_planes(into_planes(map.clone()), 4);
        back.into_data().assert_eq(&map.into_data(), true);
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

    #[test]
    fn blocked_maps_pad_crop_and_join_as_planar_ones() {
        let (first, second) = (ramp([2, 32, 1, 4, 5]), ramp([2, 20, 1, 4, 5]));
        let [a, b] = [&first, &second].map(|map| {
            let blocks = map.clone().into_blocks().expect("16 channels or more");
            FeatureMap::from_blocks(blocks)
        });
        let change = |map: FeatureMap| {
            map.pad_zero([(0, 1), (2, 0), (1, 1)])
                .crop([0, 1, 0], [2, 4, 6])
                .into_tensor()
                .into_data()
        };
        let blocked = FeatureMap::concat(vec![a, b]);
        assert_eq!(blocked.dims(), [2, 52, 1, 4, 5]);
        let planar = Tensor::cat(vec![first.into_tensor(), second.into_tensor()], 1);
        change(blocked).assert_eq(&change(FeatureMap::from_tensor(planar)), true);
    }
}
