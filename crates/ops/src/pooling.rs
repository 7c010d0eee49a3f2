use burn::tensor::{module::max_pool2d, ops::MaxPoolOptions};

use coverslip_kernels::maps::Window;

use crate::{FeatureMap, cpu::MaxPool};

/// The largest value of each block of `kernel` (`[Z, Y, X]`) pixels; blocks do not overlap and an
/// incomplete last block is dropped.
///
/// `[N, C, Z, Y, X]` becomes `[N, C, Z / kz, Y / ky, X / kx]`.
pub fn max_pool(input: FeatureMap, kernel: [usize; 3]) -> FeatureMap {
    if input.is_ours() {
        let window = Window::tiles(kernel);
        return input.call_same(Vec::new(), |shape| MaxPool { shape, window });
    }
    let [n, c, z, y, x] = input.dims();
    let [kz, ky, kx] = kernel;
    let mut tensor = input.into_tensor();
    let (mut height, mut width) = (y, x);
    if [ky, kx] != [1, 1] {
        let planes = tensor.reshape([n, c * z, y, x]);
        let pooled = max_pool2d(planes, MaxPoolOptions::new([ky, kx]));
        [height, width] = [pooled.dims()[2], pooled.dims()[3]];
        tensor = pooled.reshape([n, c, z, height, width]);
    }
    if kz != 1 {
        // burn has no 3D pooling; the maximum over a block is the maximum along Z of the maxima
        // over its planes.
        let columns = tensor.reshape([n, c, z, height * width]);
        let pooled = max_pool2d(columns, MaxPoolOptions::new([kz, 1]));
        let depth = pooled.dims()[2];
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
