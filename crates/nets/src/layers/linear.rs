//! The fully connected layer and layer normalisation.

use burn::{
    module::{Module, Param},
    tensor::{
        Tensor,
        module::{layer_norm, linear},
    },
};

use crate::build::{Distribution, Scope, Site};

/// A fully connected layer on the last axis.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    site: Site,
}

impl Linear {
    /// From `channels[0]` to `channels[1]` channels; parameters are named `weight` and `bias`.
    pub fn new(channels: [usize; 2], has_bias: bool, scope: &mut Scope<'_>) -> Self {
        let [input, output] = channels;
        let bias = scope.initialization().bias(input);
        Self {
            weight: scope.matrix([output, input]),
            bias: has_bias.then(|| scope.table("bias", [output], bias)),
            site: scope.site(),
        }
    }

    /// `[..., in]` to `[..., out]`.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let bias = self.bias.as_ref().map(Param::val);
        let taken = input.dims();
        let output = linear(input, self.weight.val().transpose(), bias);
        self.site.note("linear", &taken, &output.dims());
        output
    }
}

/// Normalises the last axis of each token (Ba et al. 2016); epsilon 1e-5.
#[derive(Module, Debug)]
pub struct LayerNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    site: Site,
}

impl LayerNorm {
    /// For tokens of `channels` channels.
    pub fn new(channels: usize, scope: &mut Scope<'_>) -> Self {
        Self {
            weight: scope.table("weight", [channels], Distribution::Constant(1.0)),
            bias: scope.table("bias", [channels], Distribution::Constant(0.0)),
            site: scope.site(),
        }
    }

    /// `[..., C]`, same shape.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let bias = Some(self.bias.val());
        let output = layer_norm(input, self.weight.val(), bias, 1e-5);
        self.site.note("norm", &output.dims(), &output.dims());
        output
    }
}

/// Mean 0 and (biased) variance 1 along the last axis of each token, epsilon 1e-5: a [`LayerNorm`]
/// without parameters.
pub(crate) fn normalize_last<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    let device = input.device().inner();
    let weight = Tensor::ones([input.dims()[D - 1]], (&device, input.dtype()));
    layer_norm(input, weight, None, 1e-5)
}
