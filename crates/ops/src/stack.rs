//! The layers of densely connected networks, where every layer sees all maps before it.

use std::sync::{Arc, OnceLock};

use burn::{
    backend::DispatchTensor,
    tensor::{Device, Tensor},
};
use coverslip_kernels::{Extent, maps::Layout, planar};

use crate::{
    Activation, BatchStatistics, ConvGeometry, FeatureMap, Normalization, Normalized, activate,
    conv::{conv, conv_shape},
    cpu::{
        ActivateNormalize, ConcatActivateNormalize, DenseConvolution, MOST_INPUTS, Operation,
        StackNormalization, call,
    },
    normalization::{KernelNormalization, normalize_activate},
};

/// The most maps of an operation, which also has a scale and a shift.
const MOST_MAPS: usize = MOST_INPUTS - 2;

/// `norm(activation(concatenation of the maps))`, the maps joined along the channels in the order
/// given. Note that the activation is *before* the normalisation, unlike in
/// [`crate::normalize_activate`]; the parameters of the normalisation are those of all channels.
///
/// On a processor the maps are read where they are, and nothing but them is kept for the gradient. The
/// result is planar in memory, which is best for convolutions to a few channels.
///
/// # Panics
///
/// When sizes other than the channels differ, or `maps` is empty.
pub fn concat_activate_normalize(
    maps: Vec<FeatureMap>,
    normalization: Normalization,
    activation: Activation,
) -> Normalized {
    if !maps.iter().all(FeatureMap::is_ours) || maps.len() > MOST_MAPS {
        let map = activate(FeatureMap::concat(maps), activation);
        return normalize_activate(map, normalization, Activation::None);
    }
    let first = maps.first().expect("there is a map to join");
    let (extent, device) = (first.extent(), first.device());
    for map in &maps {
        assert_eq!(map.extent(), extent, "N, Z, Y and X of maps to join");
    }
    let channels: Vec<usize> = maps.iter().map(|map| map.dims()[1]).collect();
    let inputs = maps.into_iter().map(|map| map.into_planar_part().tensor);
    let pass = Pass {
        extent,
        channels: channels.iter().sum(),
        device,
        normalization,
        activation,
    };
    pass.run(inputs.collect(), |then| ConcatActivateNormalize {
        channels,
        then,
    })
}

/// [`concat_activate_normalize`] of a map and its convolution (see [`crate::conv`]): a layer of a
/// mixed-scale dense network. The result has the channels of the map and, after them, those of the
/// convolution.
///
/// # Panics
///
/// As [`crate::conv`], or when the convolution changes the size of the map.
pub fn conv_concat_activate_normalize(
    input: FeatureMap,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
    normalization: Normalization,
    activation: Activation,
) -> Normalized {
    let shape = conv_shape(&input, &weight, geometry);
    if !input.is_ours() || !planar::is_suited(&shape) {
        let convolved = conv(input.clone(), weight, bias, geometry);
        return concat_activate_normalize(vec![input, convolved], normalization, activation);
    }
    assert_eq!(shape.input, shape.output, "sizes of maps to join");
    let pass = Pass {
        extent: shape.input,
        channels: shape.in_channels + shape.out_channels,
        device: input.device(),
        normalization,
        activation,
    };
    let has_bias = bias.is_some();
    let mut inputs = vec![input.into_planar_part().tensor, weight.into_dispatch()];
    inputs.extend(bias.map(Tensor::into_dispatch));
    pass.run(inputs, |then| DenseConvolution {
        shape,
        has_bias,
        then,
    })
}

/// The activation and the normalisation of a planar map by our kernels.
struct Pass {
    extent: Extent,
    channels: usize,
    device: Device,
    normalization: Normalization,
    activation: Activation,
}

impl Pass {
    /// Calls an operation that does this after what it does itself, with its own inputs first.
    fn run<O: Operation>(
        self,
        mut inputs: Vec<DispatchTensor>,
        operation: impl FnOnce(ActivateNormalize) -> O,
    ) -> Normalized {
        let found = Arc::new(OnceLock::new());
        let kernel = KernelNormalization::of(self.normalization, self.channels, &self.device);
        let is_of_batch = kernel
            .as_ref()
            .is_some_and(KernelNormalization::is_of_batch);
        let normalization = kernel.map(|kernel| {
            inputs.extend(kernel.affine.map(Tensor::into_dispatch));
            StackNormalization {
                statistics: kernel.statistics,
                epsilon: kernel.epsilon,
                frozen: kernel.frozen,
                found: Arc::clone(&found),
            }
        });
        let operation = operation(ActivateNormalize {
            extent: self.extent,
            activation: self.activation.into(),
            normalization,
        });
        let map = (call(operation, inputs), self.channels);
        let moments = found.get().filter(|_| is_of_batch);
        Normalized {
            output: FeatureMap::from_kernel(Layout::Planar, vec![map]),
            statistics: moments
                .map(|moments| BatchStatistics::of(moments, self.extent, &self.device)),
        }
    }
}
