//! The planes of a map as images.

use burn::tensor::Tensor;

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
    use burn::tensor::{Device, Int};

    #[test]
    fn planes_round_trip_in_3d() {
        let values = Tensor::<1, Int>::arange(0..720, &Device::flex()).float();
        let map = values.reshape([2, 3, 4, 5, 6]);
        let back = from_planes(into_planes(map.clone()), 4);
        back.into_data().assert_eq(&map.into_data(), true);
    }
}
