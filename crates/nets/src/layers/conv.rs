//! The convolution layer.

use burn::{
    module::{Module, Param},
    tensor::Tensor,
};
use coverslip_ops::{
    Activation, ConvCache, ConvGeometry, FeatureMap, conv, conv_concat_activate_normalize,
    conv_normalize_activate,
};

use super::Norm;
use crate::build::{Scope, Site};

/// The configuration of a convolution.
#[derive(Clone, Copy, Debug)]
pub struct ConvConfig {
    channels: [usize; 2],
    kernel: [usize; 3],
    geometry: ConvGeometry,
    covers_input: bool,
    bias: bool,
}

impl ConvConfig {
    /// From `channels[0]` to `channels[1]` channels with a kernel `[Z, Y, X]`, stride 1 and a bias.
    /// Padded by `(kernel - 1) / 2` zeros on both sides, which keeps the size for odd kernels.
    pub fn new(channels: [usize; 2], kernel: [usize; 3]) -> Self {
        let padding = kernel.map(|size| (size - 1) / 2);
        Self {
            channels,
            kernel,
            geometry: ConvGeometry::UNIT.with_padding(padding, padding),
            covers_input: false,
            bias: true,
        }
    }

    /// The same with a stride along `[Z, Y, X]`.
    pub fn stride(mut self, stride: [usize; 3]) -> Self {
        self.geometry.stride = stride;
        self
    }

    /// The same with other zeros on both sides, along `[Z, Y, X]`.
    pub fn padding(self, padding: [usize; 3]) -> Self {
        self.paddings(padding, padding)
    }

    /// The same with other zeros before the first and after the last pixel.
    pub fn paddings(self, before: [usize; 3], after: [usize; 3]) -> Self {
        let geometry = self.geometry.with_padding(before, after);
        Self { geometry, ..self }
    }

    /// The same with as many zeros as make `n` pixels `n / stride`, rounded up, the odd one after the
    /// last pixel: Keras's `padding="same"`. How many depends on the size of the map.
    pub fn covering(self) -> Self {
        let covers_input = true;
        Self {
            covers_input,
            ..self
        }
    }

    /// The same with a dilation, padded by `dilation * (kernel - 1) / 2` zeros.
    pub fn dilation(mut self, dilation: [usize; 3]) -> Self {
        self.geometry.dilation = dilation;
        let kernel = self.kernel;
        self.padding([0, 1, 2].map(|axis| dilation[axis] * ((kernel[axis] - 1) / 2)))
    }

    /// The same with channel groups that do not see each other.
    pub fn groups(mut self, groups: usize) -> Self {
        self.geometry.groups = groups;
        self
    }

    /// The same with or without a bias.
    pub fn bias(self, bias: bool) -> Self {
        Self { bias, ..self }
    }

    /// Channels of the input and of the output.
    pub fn channels(&self) -> [usize; 2] {
        self.channels
    }

    /// Makes the layer; its parameters are named `weight` and `bias` in `scope`.
    pub fn build(&self, scope: &mut Scope<'_>) -> Conv {
        let [input, output] = self.channels;
        let [kz, ky, kx] = self.kernel;
        let per_group = input / self.geometry.groups;
        let fan_in = per_group * kz * ky * kx;
        let bias = scope.initialization().bias(fan_in);
        Conv {
            weight: scope.kernel([output, per_group, kz, ky, kx]),
            bias: self.bias.then(|| scope.table("bias", [output], bias)),
            geometry: ConvGeometry {
                exact: scope.is_exact(),
                ..self.geometry
            },
            covers_input: self.covers_input,
            cache: ConvCache::default(),
            site: scope.site(),
        }
    }
}

/// A convolution (cross-correlation) with zero padding.
#[derive(Module, Debug)]
pub struct Conv {
    /// Kernel, `[out, in / groups, KZ, KY, KX]`.
    pub weight: Param<Tensor<5>>,
    /// Added to each output channel, `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    geometry: ConvGeometry,
    #[module(skip)]
    covers_input: bool,
    #[module(skip)]
    cache: ConvCache,
    #[module(skip)]
    site: Site,
}

impl Conv {
    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']`, sizes as
    /// [`ConvGeometry::output`](coverslip_ops::ConvGeometry::output) gives them.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        let bias = self.bias.as_ref().map(Param::val);
        let geometry = self.geometry(input.spatial());
        let taken = input.dims();
        let output = conv(input, self.weight.val(), bias, geometry);
        self.site.note("conv", &taken, &output.dims());
        output
    }

    /// The same followed by normalisation and activation, in one pass where the device can.
    pub fn forward_normalized(
        &self,
        input: FeatureMap,
        norm: &Norm,
        activation: Activation,
    ) -> FeatureMap {
        let normalization = norm.normalization(input.device().is_autodiff());
        let geometry = self.geometry(input.spatial());
        let taken = input.dims();
        let result = conv_normalize_activate(
            input,
            self.weight.val(),
            self.bias.as_ref().map(Param::val),
            geometry,
            normalization,
            activation,
            &self.cache,
        );
        norm.collect(result.statistics);
        let output = result.output;
        self.site.note("conv", &taken, &output.dims());
        norm.note(output.dims());
        output
    }

    /// The input and, behind its channels, its convolution, both through the activation and then the
    /// normalisation, in one pass where the device can.
    pub fn forward_stacked(
        &self,
        input: FeatureMap,
        norm: &Norm,
        activation: Activation,
    ) -> FeatureMap {
        let normalization = norm.normalization(input.device().is_autodiff());
        let bias = self.bias.as_ref().map(Param::val);
        let weight = self.weight.val();
        let geometry = self.geometry(input.spatial());
        let taken = input.dims();
        let result = conv_concat_activate_normalize(
            input,
            weight,
            bias,
            geometry,
            normalization,
            activation,
        );
        norm.collect(result.statistics);
        let output = result.output;
        self.site.note("conv", &taken, &output.dims());
        norm.note(output.dims());
        output
    }

    /// Where it looks in a map of `size`.
    fn geometry(&self, size: [usize; 3]) -> ConvGeometry {
        let geometry = self.geometry;
        if !self.covers_input {
            return geometry;
        }
        let [_, _, kernel @ ..] = self.weight.dims();
        let zeros = [0, 1, 2].map(|axis| {
            let stride = geometry.stride[axis];
            let seen = (size[axis].div_ceil(stride) - 1) * stride + kernel[axis];
            seen.saturating_sub(size[axis])
        });
        geometry.with_padding(zeros.map(|n| n / 2), zeros.map(|n| n.div_ceil(2)))
    }
}
