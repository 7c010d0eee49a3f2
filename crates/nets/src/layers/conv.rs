use burn::{
    module::{Module, Param},
    tensor::Tensor,
};
use coverslip_ops::{
    Activation, ConvCache, ConvGeometry, FeatureMap, conv, conv_normalize_activate, conv_transpose,
};

use super::{Initializer, Norm};

/// A convolution that keeps the size of the map (odd kernel, stride 1, zero padding).
#[derive(Module, Debug)]
pub struct Conv {
    /// Kernel, `[out, in, KZ, KY, KX]`.
    pub weight: Param<Tensor<5>>,
    /// Added to each output channel, `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    cache: ConvCache,
}

impl Conv {
    /// A convolution from `channels[0]` to `channels[1]` channels; `kernel` is `[Z, Y, X]`, odd.
    pub fn new(
        channels: [usize; 2],
        kernel: [usize; 3],
        bias: bool,
        init: &mut Initializer<'_>,
    ) -> Self {
        let [input, output] = channels;
        let [kz, ky, kx] = kernel;
        Self {
            weight: init.kernel([output, input, kz, ky, kx]),
            bias: bias.then(|| init.constant(output, 0.0)),
            cache: ConvCache::default(),
        }
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        let weight = self.weight.val();
        let [_, _, kz, ky, kx] = weight.dims();
        let geometry = ConvGeometry::same([kz, ky, kx]);
        conv(input, weight, self.bias.as_ref().map(Param::val), geometry)
    }

    /// The same followed by normalisation and activation.
    pub fn forward_normalized(
        &self,
        input: FeatureMap,
        norm: &Norm,
        activation: Activation,
    ) -> FeatureMap {
        let weight = self.weight.val();
        let [channels, _, kz, ky, kx] = weight.dims();
        let normalization = norm.normalization(channels, input.device().is_autodiff());
        let result = conv_normalize_activate(
            input,
            weight,
            self.bias.as_ref().map(Param::val),
            ConvGeometry::same([kz, ky, kx]),
            normalization,
            activation,
            &self.cache,
        );
        norm.collect(result.statistics);
        result.output
    }
}

/// A transposed convolution whose kernel equals its stride: every pixel becomes one block.
#[derive(Module, Debug)]
pub struct ConvTranspose {
    /// Kernel, `[in, out, KZ, KY, KX]`.
    pub weight: Param<Tensor<5>>,
    /// Added to each output channel, `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl ConvTranspose {
    /// Enlarges by `factors` (`[Z, Y, X]`) from `channels[0]` to `channels[1]` channels.
    pub fn new(channels: [usize; 2], factors: [usize; 3], init: &mut Initializer<'_>) -> Self {
        let [input, output] = channels;
        let [fz, fy, fx] = factors;
        Self {
            weight: init.kernel([input, output, fz, fy, fx]),
            bias: init.constant(output, 0.0),
        }
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z fz, Y fy, X fx]`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        let weight = self.weight.val();
        let [_, _, fz, fy, fx] = weight.dims();
        let geometry = ConvGeometry::UNIT.with_stride([fz, fy, fx]);
        conv_transpose(input, weight, Some(self.bias.val()), geometry)
    }
}
