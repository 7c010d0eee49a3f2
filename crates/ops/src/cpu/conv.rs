//! Convolutions and transposed convolutions.

use std::sync::{Arc, OnceLock};

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Buffer, ConvShape, Epilogue, Extent, FusedActivation, Isa, LANES, Map, Source, blocks, direct,
    maps::{MapShape, PartialMoments, channel_sums},
    planar, winograd,
};

use super::{
    Operation,
    layout::{blocked_sizes, map_sizes},
    memory::tensor_from_vec,
    tensor_of, values_of,
};

/// A convolution of one planar or several blocked maps.
///
/// Inputs: the maps, the weight `[O, I / groups, KZ, KY, KX]` and, with `has_bias`, the bias `[O]`.
#[derive(Debug)]
pub(crate) struct Convolution {
    pub(crate) shape: ConvShape,
    /// Blocks of each source; empty for a planar input.
    pub(crate) sources: Vec<usize>,
    pub(crate) has_bias: bool,
    /// Whether Winograd's algorithm is allowed.
    pub(crate) may_transform: bool,
    /// Applied to the output; [`FusedActivation::Identity`] where there is a gradient.
    pub(crate) activation: FusedActivation,
    /// Where the moments of each image and block of the output go if they are wanted and cost nothing.
    pub(crate) moments: Option<Arc<OnceLock<Vec<PartialMoments>>>>,
}

impl Convolution {
    fn maps(&self) -> usize {
        self.sources.len().max(1)
    }

    fn uses_winograd(&self) -> bool {
        self.may_transform && !self.sources.is_empty() && winograd::is_suited(&self.shape)
    }
}

/// The maps as kernels take them.
pub(super) fn with_map<R>(
    tensors: &[FlexTensor],
    blocks: &[usize],
    work: impl FnOnce(Map<'_>, &[Source<'_>]) -> R,
) -> R {
    if blocks.is_empty() {
        return work(Map::Planar(values_of(&tensors[0])), &[]);
    }
    let sources: Vec<Source<'_>> = tensors
        .iter()
        .zip(blocks)
        .map(|(tensor, &blocks)| Source {
            values: values_of(tensor),
            blocks,
        })
        .collect();
    work(Map::Blocked(&sources), &sources)
}

/// A convolution without transforms; a planar map goes to the kernels of planar maps where they
/// compute such a convolution.
pub(super) fn conv_directly(
    map: Map<'_>,
    weight: &[f32],
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
) -> Buffer {
    let isa = Isa::best();
    match map {
        Map::Planar(values) if planar::is_suited(shape) => {
            planar::conv(isa, values, weight, epilogue, shape)
        }
        _ => direct::conv(isa, map, weight, epilogue, shape),
    }
}

/// The blocks of a map of one source; none where it is planar.
fn own_blocks(channels: usize) -> Vec<usize> {
    if channels < LANES {
        Vec::new()
    } else {
        vec![blocks(channels)]
    }
}

/// A map that a kernel made, as a tensor.
pub(super) fn map_tensor(buffer: Buffer, channels: usize, extent: Extent) -> FlexTensor {
    tensor_of(buffer, &map_sizes(MapShape::of(extent, channels)))
}

/// Buffers of the gradients of all sources as tensors.
fn source_tensors(
    buffers: Vec<Buffer>,
    blocks: &[usize],
    channels: usize,
    extent: Extent,
) -> Vec<FlexTensor> {
    if blocks.is_empty() {
        let sizes = map_sizes(MapShape::planar(extent, channels));
        return buffers
            .into_iter()
            .map(|buffer| tensor_of(buffer, &sizes))
            .collect();
    }
    buffers
        .into_iter()
        .zip(blocks)
        .map(|(buffer, &blocks)| tensor_of(buffer, &blocked_sizes(blocks, extent)))
        .collect()
}

impl Operation for Convolution {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let (maps, rest) = inputs.split_at(self.maps());
        let weight = values_of(&rest[0]);
        let epilogue = Epilogue {
            bias: self.has_bias.then(|| values_of(&rest[1])),
            activation: self.activation,
        };
        let isa = Isa::best();
        let output = with_map(maps, &self.sources, |map, sources| {
            if self.uses_winograd() {
                let wants = self.moments.is_some();
                let (output, moments) =
                    winograd::conv(isa, sources, weight, epilogue, &self.shape, wants);
                if let (Some(place), Some(moments)) = (&self.moments, moments) {
                    let _ = place.set(moments);
                }
                output
            } else {
                conv_directly(map, weight, epilogue, &self.shape)
            }
        });
        let shape = &self.shape;
        let saved = inputs[..=self.maps()].to_vec();
        (map_tensor(output, shape.out_channels, shape.output), saved)
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let (maps, weight) = saved.split_at(self.maps());
        let weight = &weight[0];
        let shape = &self.shape;
        let isa = Isa::best();
        let gradient_blocks = own_blocks(shape.out_channels);
        let values = values_of(&gradient);
        let gradient = std::slice::from_ref(&gradient);
        let mut found: Vec<Option<FlexTensor>> = vec![None; wanted.len()];
        with_map(gradient, &gradient_blocks, |gradient, gradients| {
            if wanted[self.maps()] {
                let weights = with_map(maps, &self.sources, |map, sources| {
                    if self.uses_winograd() {
                        winograd::conv_weight_gradient(isa, sources, gradients, shape)
                    } else if let (Map::Planar(map), true) = (map, planar::is_suited(shape)) {
                        planar::conv_weight_gradient(isa, map, values, shape)
                    } else {
                        direct::conv_weight_gradient(isa, map, gradient, shape)
                    }
                });
                let sizes: Vec<usize> = weight.layout().shape().iter().copied().collect();
                found[self.maps()] = Some(tensor_from_vec(weights, &sizes));
            }
            if self.has_bias && wanted[self.maps() + 1] {
                let map = MapShape::of(shape.output, shape.out_channels);
                let sums = channel_sums(isa, map, values);
                found[self.maps() + 1] = Some(tensor_from_vec(sums, &[shape.out_channels]));
            }
            if wanted[..self.maps()].contains(&true) {
                let weight = values_of(weight);
                let buffers = if self.uses_winograd() {
                    winograd::conv_input_gradient(isa, gradients, weight, shape, &self.sources)
                } else if self.sources.is_empty() && planar::is_suited(shape) {
                    vec![planar::conv_input_gradient(isa, values, weight, shape)]
                } else {
                    let epilogue = Epilogue::default();
                    direct::conv_input_gradient(
                        isa,
                        gradient,
                        weight,
                        epilogue,
                        shape,
                        &self.sources,
                    )
                };
                let tensors =
                    source_tensors(buffers, &self.sources, shape.in_channels, shape.input);
                for (place, tensor) in found.iter_mut().zip(tensors) {
                    *place = Some(tensor);
                }
            }
        });
        found
    }
}

/// The transpose of a convolution: from the map that the convolution would give to the one it would
/// take.
///
/// Inputs: the map, the weight `[C, O / groups, KZ, KY, KX]` and the bias `[O]` if there is one.
#[derive(Debug)]
pub(crate) struct TransposedConvolution {
    /// The convolution whose transpose it is: its *output* is this operation's input.
    pub(crate) shape: ConvShape,
    pub(crate) has_bias: bool,
}

impl Operation for TransposedConvolution {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let shape = &self.shape;
        let epilogue = Epilogue {
            bias: self.has_bias.then(|| values_of(&inputs[2])),
            ..Epilogue::default()
        };
        let from = own_blocks(shape.out_channels);
        let mut buffers = with_map(&inputs[..1], &from, |map, _| {
            let weight = values_of(&inputs[1]);
            let to = [blocks(shape.in_channels)];
            direct::conv_input_gradient(Isa::best(), map, weight, epilogue, shape, &to)
        });
        let output = map_tensor(buffers.swap_remove(0), shape.in_channels, shape.input);
        (output, inputs[..2].to_vec())
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let shape = &self.shape;
        let isa = Isa::best();
        let (input, weight) = (&saved[..1], &saved[1]);
        let mut found: Vec<Option<FlexTensor>> = vec![None; wanted.len()];
        let values = values_of(&gradient);
        let gradient = std::slice::from_ref(&gradient);
        with_map(gradient, &own_blocks(shape.in_channels), |gradient, _| {
            if wanted[0] {
                let weight = values_of(weight);
                let buffer = direct::conv(isa, gradient, weight, Epilogue::default(), shape);
                found[0] = Some(map_tensor(buffer, shape.out_channels, shape.output));
            }
            if wanted[1] {
                let weights = with_map(input, &own_blocks(shape.out_channels), |input, _| {
                    direct::conv_weight_gradient(isa, gradient, input, shape)
                });
                let sizes: Vec<usize> = weight.layout().shape().iter().copied().collect();
                found[1] = Some(tensor_from_vec(weights, &sizes));
            }
            if self.has_bias && wanted[2] {
                let map = MapShape::of(shape.input, shape.in_channels);
                let sums = channel_sums(isa, map, values);
                found[2] = Some(tensor_from_vec(sums, &[shape.in_channels]));
            }
        });
        found
    }
}
