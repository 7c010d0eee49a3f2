use burn::tensor::{Device, Tensor, ops::PadMode};

/// Pixels to add on the low and high side of each spatial axis, `[(z, z), (y, y), (x, x)]`.
pub type Padding = [(usize, usize); 3];

/// The data inside a network: logical shape `[N, C, Z, Y, X]`, memory layout owned by this crate.
///
/// Losses and everything outside networks see plain tensors; [`FeatureMap::from_tensor`] and
/// [`FeatureMap::into_tensor`] are the two doors.
#[derive(Clone, Debug)]
pub struct FeatureMap {
    pub(crate) tensor: Tensor<5>,
}

impl FeatureMap {
    /// Takes a tensor of shape `[N, C, Z, Y, X]`.
    pub fn from_tensor(tensor: Tensor<5>) -> Self {
        Self { tensor }
    }

    /// Gives the tensor of shape `[N, C, Z, Y, X]` back.
    pub fn into_tensor(self) -> Tensor<5> {
        self.tensor
    }

    /// The sizes `[N, C, Z, Y, X]`.
    pub fn dims(&self) -> [usize; 5] {
        self.tensor.dims()
    }

    /// The sizes `[Z, Y, X]`.
    pub fn spatial(&self) -> [usize; 3] {
        let [_, _, z, y, x] = self.dims();
        [z, y, x]
    }

    /// The device the map lives on.
    pub fn device(&self) -> Device {
        self.tensor.device()
    }

    /// Joins maps of equal `N, Z, Y, X` along the channels, in the order given.
    ///
    /// # Panics
    ///
    /// When the other sizes differ, or `maps` is empty.
    pub fn concat(maps: Vec<Self>) -> Self {
        let tensors = maps.into_iter().map(|map| map.tensor).collect();
        Self::from_tensor(Tensor::cat(tensors, 1))
    }

    /// Adds zeros around the spatial axes.
    pub fn pad_zero(self, padding: Padding) -> Self {
        if padding == Padding::default() {
            return self;
        }
        let [z, y, x] = padding;
        let pairs = [(0, 0), (0, 0), z, y, x];
        Self::from_tensor(self.tensor.pad(pairs, PadMode::Constant(0.0)))
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
        let [n, c, ..] = self.dims();
        let [z, y, x] = [0, 1, 2].map(|axis| start[axis]..start[axis] + size[axis]);
        Self::from_tensor(self.tensor.slice([0..n, 0..c, z, y, x]))
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

    /// Views every plane as an image of a batch, `[N * Z, C, Y, X]`.
    pub(crate) fn into_planes(self) -> Tensor<4> {
        let [n, c, z, y, x] = self.dims();
        if z == 1 {
            return self.tensor.reshape([n, c, y, x]);
        }
        self.tensor.swap_dims(1, 2).reshape([n * z, c, y, x])
    }

    /// The inverse of [`Self::into_planes`] for maps of `depth` planes.
    pub(crate) fn from_planes(planes: Tensor<4>, depth: usize) -> Self {
        let [nz, c, y, x] = planes.dims();
        let n = nz / depth;
        let tensor = if depth == 1 {
            planes.reshape([n, c, 1, y, x])
        } else {
            planes.reshape([n, depth, c, y, x]).swap_dims(1, 2)
        };
        Self::from_tensor(tensor)
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
        let map = ramp([2, 3, 4, 5, 6]);
        let back = FeatureMap::from_planes(map.clone().into_planes(), 4);
        back.into_tensor()
            .into_data()
            .assert_eq(&map.into_tensor().into_data(), true);
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
}
