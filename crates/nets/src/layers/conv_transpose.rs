//! The transposed convolution layer.

use burn::{
    module::{Module, Param},
    tensor::Tensor,
};
use coverslip_ops::{ConvGeometry, FeatureMap, conv_transpose};

use crate::build::{Scope, Site};

/// The configuration of a transposed convolution.
#[derive(Clone, Copy, Debug)]
pub struct ConvTransposeConfig {
    channels: [usize; 2],
    kernel: [usize; 3],
    geometry: ConvGeometry,
    bias: bool,
}

impl ConvTransposeConfig {
    /// From `channels[0]` to `channels[1]` channels with a kernel `[Z, Y, X]`, stride 1, no padding
    /// and a bias.
    pub fn new(channels: [usize; 2], kernel: [usize; 3]) -> Self {
        Self {
            channels,
            kernel,
            geometry: ConvGeometry::UNIT,
            bias: true,
        }
    }

    /// Every pixel becomes a block of `factors` (`[Z, Y, X]`): kernel and stride are both that.
    pub fn blocks(channels: [usize; 2], factors: [usize; 3]) -> Self {
        Self::new(channels, factors).stride(factors)
    }

    /// The same with a stride along `[Z, Y, X]`.
    pub fn stride(mut self, stride: [usize; 3]) -> Self {
        self.geometry.stride = stride;
        self
    }

    /// The same with pixels cut off on both sides, along `[Z, Y, X]`.
    pub fn padding(self, padding: [usize; 3]) -> Self {
        self.paddings(padding, padding)
    }

    /// The same with pixels cut off before the first and after the last one.
    pub fn paddings(self, before: [usize; 3], after: [usize; 3]) -> Self {
        let geometry = self.geometry.with_padding(before, after);
        Self { geometry, ..self }
    }

    /// The same with as many pixels cut off as make `n` pixels `n` times the stride, the odd one after
    /// the last: Keras's `padding="same"`. The kernel must be no smaller than the stride.
    pub fn exact_multiple(self) -> Self {
        let axes = [0, 1, 2];
        let beyond = axes.map(|axis| self.kernel[axis].saturating_sub(self.geometry.stride[axis]));
        self.paddings(beyond.map(|n| n / 2), beyond.map(|n| n.div_ceil(2)))
    }

    /// The same with pixels added after the last one, fewer than the stride.
    pub fn output_padding(mut self, pixels: [usize; 3]) -> Self {
        self.geometry.output_padding = pixels;
        self
    }

    /// The same with or without a bias.
    pub fn bias(self, bias: bool) -> Self {
        Self { bias, ..self }
    }

    /// Makes the layer; its parameters are named `weight` and `bias` in `scope`.
    pub fn build(&self, scope: &mut Scope<'_>) -> ConvTranspose {
        let [input, output] = self.channels;
        let [kz, ky, kx] = self.kernel;
        let fan_in = output * kz * ky * kx;
        let bias = scope.initialization().bias(fan_in);
        ConvTranspose {
            weight: scope.kernel([input, output, kz, ky, kx]),
            bias: self.bias.then(|| scope.table("bias", [output], bias)),
            geometry: self.geometry,
            site: scope.site(),
        }
    }
}

/// A transposed convolution: the gradient of a convolution as a layer, to enlarge maps.
#[derive(Module, Debug)]
pub struct ConvTranspose {
    /// Kernel, `[in, out, KZ, KY, KX]`.
    pub weight: Param<Tensor<5>>,
    /// Added to each output channel, `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    geometry: ConvGeometry,
    #[module(skip)]
    site: Site,
}

impl ConvTranspose {
    /// `[N, in, Z, Y, X]` to `[N, out, Z', Y', X']` with
    /// `n' = (n - 1) stride - 2 padding + kernel + output padding`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        self.apply(input, self.geometry)
    }

    /// The same with the output padding that makes the result `size`, `[Z, Y, X]`.
    ///
    /// # Panics
    ///
    /// When the size is smaller than that without output padding.
    pub fn forward_to(&self, input: FeatureMap, size: [usize; 3]) -> FeatureMap {
        let geometry = self.geometry;
        let [_, _, kernel @ ..] = self.weight.dims();
        let small = input.spatial();
        let output_padding = [0, 1, 2].map(|axis| {
            let whole = (small[axis] - 1) * geometry.stride[axis] + kernel[axis];
            size[axis] + geometry.padding[axis] + geometry.padding_after[axis] - whole
        });
        let geometry = ConvGeometry {
            output_padding,
            ..geometry
        };
        self.apply(input, geometry)
    }

    fn apply(&self, input: FeatureMap, geometry: ConvGeometry) -> FeatureMap {
        let bias = self.bias.as_ref().map(Param::val);
        let taken = input.dims();
        let output = conv_transpose(input, self.weight.val(), bias, geometry);
        self.site.note("conv_transpose", &taken, &output.dims());
        output
    }
}
