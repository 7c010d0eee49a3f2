//! The two-convolution blocks of nnU-Net-like networks, with and without a shortcut.

use burn::module::Module;
use coverslip_ops::{Activation, FeatureMap, activate, add};

use crate::{
    build::Scope,
    layers::{Conv, ConvConfig, Norm, NormConfig},
};

/// After every normalisation but that of the shortcut.
const LEAKY_RELU: Activation = Activation::LeakyRelu { slope: 0.01 };

/// Two convolutions with normalisation and leaky `ReLU`, the second of which may be joined by a
/// shortcut from the input before it is activated (MONAI's `UnetBasicBlock` and `UnetResBlock`).
#[derive(Module, Debug)]
pub struct UnetResBlock {
    first: Conv,
    first_norm: Norm,
    second: Conv,
    second_norm: Norm,
    /// What the shortcut passes through where the channels change.
    shortcut: Option<Conv>,
    shortcut_norm: Option<Norm>,
    #[module(skip)]
    is_residual: bool,
}

impl UnetResBlock {
    /// From `channels[0]` to `channels[1]` channels by kernels of 3, same size.
    pub fn new(
        channels: [usize; 2],
        norm: NormConfig,
        is_residual: bool,
        scope: &mut Scope<'_>,
    ) -> Self {
        let [input, output] = channels;
        let conv = |input: usize, kernel: usize, name: &str, scope: &mut Scope<'_>| {
            let kernel = scope.cube(kernel);
            let config = ConvConfig::new([input, output], kernel).bias(false);
            config.build(&mut scope.at(name).at("conv"))
        };
        let projects = is_residual && input != output;
        Self {
            first: conv(input, 3, "conv1", scope),
            first_norm: norm.build(output, &mut scope.at("norm1")),
            second: conv(output, 3, "conv2", scope),
            second_norm: norm.build(output, &mut scope.at("norm2")),
            shortcut: projects.then(|| conv(input, 1, "conv3", scope)),
            shortcut_norm: projects.then(|| norm.build(output, &mut scope.at("norm3"))),
            is_residual,
        }
    }

    /// `[N, in, Z, Y, X]` to `[N, out, Z, Y, X]`.
    pub fn forward(&self, input: FeatureMap) -> FeatureMap {
        let inner = self
            .first
            .forward_normalized(input.clone(), &self.first_norm, LEAKY_RELU);
        let second = |activation| {
            self.second
                .forward_normalized(inner, &self.second_norm, activation)
        };
        if !self.is_residual {
            return second(LEAKY_RELU);
        }
        let shortcut = match (&self.shortcut, &self.shortcut_norm) {
            (Some(conv), Some(norm)) => conv.forward_normalized(input, norm, Activation::None),
            _ => input,
        };
        activate(add(second(Activation::None), shortcut), LEAKY_RELU)
    }
}
