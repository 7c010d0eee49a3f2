//! Units of networks that were written with Keras: its names, layouts and defaults.

use coverslip_ops::{Activation, Dropout};

use super::{ConvTransposeUnit, ConvUnit};
use crate::{
    build::Scope,
    layers::{ConvConfig, ConvTransposeConfig, DropoutLayer, NormConfig},
};

/// Keras's leaky activation.
pub const LEAK: Activation = Activation::LeakyRelu { slope: 0.3 };

/// The place of the next convolution in Keras's numbering.
pub fn next_conv<'a>(scope: &'a mut Scope<'_>) -> Scope<'a> {
    let is_planar = scope.io().dimensions == 2;
    scope.next(if is_planar { "conv2d" } else { "conv3d" })
}

/// The place of the next transposed convolution in Keras's numbering.
pub fn next_conv_transpose<'a>(scope: &'a mut Scope<'_>) -> Scope<'a> {
    let is_planar = scope.io().dimensions == 2;
    scope.next(if is_planar {
        "conv2d_transpose"
    } else {
        "conv3d_transpose"
    })
}

/// Dropout of single values; none at a rate of 0.
pub fn next_dropout(rate: f64, scope: &mut Scope<'_>) -> Option<DropoutLayer> {
    let place = scope.next("dropout");
    (rate > 0.0).then(|| DropoutLayer::new(rate, Dropout::Values, &place))
}

/// A convolution, a batch normalisation if `has_norm`, and the leaky activation.
pub fn conv_unit(conv: ConvConfig, has_norm: bool, scope: &mut Scope<'_>) -> ConvUnit {
    let [_, channels] = conv.channels();
    let conv = conv.build(&mut next_conv(scope));
    let norm = if has_norm {
        NormConfig::KERAS.build(channels, &mut scope.next("batch_normalization"))
    } else {
        NormConfig::NONE.build(channels, scope)
    };
    ConvUnit::from_layers(conv, norm, LEAK)
}

/// A transposed convolution from `channels[0]` to `channels[1]` channels without a bias, which makes
/// `n` pixels `n` times the stride, a batch normalisation and the leaky activation.
pub fn conv_transpose_unit(
    channels: [usize; 2],
    kernel: [usize; 3],
    stride: [usize; 3],
    scope: &mut Scope<'_>,
) -> ConvTransposeUnit {
    let conv = ConvTransposeConfig::new(channels, kernel).stride(stride);
    let conv = conv.exact_multiple().bias(false);
    let conv = conv.build(&mut next_conv_transpose(scope));
    let norm = NormConfig::KERAS.build(channels[1], &mut scope.next("batch_normalization"));
    ConvTransposeUnit::new(conv, norm, LEAK)
}
