//! Sub-pixel convolution (pixel shuffle).

use burn::{module::Module, tensor::Tensor};
use coverslip_ops::{FeatureMap, Window, average_pool};

use crate::{
    build::Scope,
    layers::{Conv, ConvConfig},
};

/// Enlarges a map by a convolution whose output channels become the pixels of blocks (Shi et al.
/// 2016), then averages over neighbours so that the blocks do not show (Aitken et al. 2017).
#[derive(Module, Debug)]
pub struct PixelShuffle {
    conv: Conv,
    #[module(skip)]
    factors: [usize; 3],
}

impl PixelShuffle {
    /// From `channels[0]` to `channels[1]` channels, larger by `factors` (`[Z, Y, X]`). The
    /// convolution is named `conv_block`.
    pub fn new(channels: [usize; 2], factors: [usize; 3], scope: &mut Scope<'_>) -> Self {
        let [input, output] = channels;
        let pixels: usize = factors.iter().product();
        let conv = ConvConfig::new([input, output * pixels], scope.cube(3));
        Self {
            conv: conv.build(&mut scope.at("conv_block")),
            factors,
        }
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z fz, Y fy, X fx]`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        let map = shuffle(self.conv.forward(input).into_tensor(), self.factors);
        let before = self.factors.map(|factor| (factor - 1, 0));
        let window = Window {
            kernel: self.factors,
            stride: [1; 3],
            padding: [0; 3],
        };
        average_pool(FeatureMap::from_tensor(map).pad_zero(before), window, true)
    }
}

/// Channel `((c fz + iz) fy + iy) fx + ix` becomes the pixels `[iz, iy, ix]` of blocks of channel
/// `c`: an axis after the other, from the last.
fn shuffle(map: Tensor<5>, [fz, fy, fx]: [usize; 3]) -> Tensor<5> {
    let [n, channels, z, y, x] = map.dims();
    let c = channels / (fz * fy * fx);
    let map = map.reshape([n * c * fz * fy, fx, z * y, x]);
    let map = map.permute([0, 2, 3, 1]);
    let map = map.reshape([n * c * fz, fy, z, y, x * fx]);
    let map = map.permute([0, 2, 3, 1, 4]);
    let map = map.reshape([n * c, fz, z, y * fy * x * fx]);
    let map = map.permute([0, 2, 1, 3]);
    map.reshape([n, c, z * fz, y * fy, x * fx])
}
