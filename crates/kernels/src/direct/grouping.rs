//! Convolutions whose channels are divided into groups.

use crate::maps::{MapShape, concatenate, split};
use crate::{Buffer, ConvShape, Epilogue, Extent, Isa, LANES, Map, Source, blocks};

use super::apply::Product;

/// How a convolution of groups is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    /// One group after the other, on the maps as they are: the groups are whole blocks, or there is
    /// only one.
    Whole,
    /// Lane by lane: every channel is a group of its own.
    Depthwise,
    /// One group after the other, on copies of its channels. Slow, but such networks are rare.
    Mixed,
}

impl Grouping {
    pub(super) fn of(shape: &ConvShape) -> Self {
        let groups = shape.groups;
        let is_whole = |channels: usize| (channels / groups).is_multiple_of(LANES);
        if groups == 1 || is_whole(shape.in_channels) && is_whole(shape.out_channels) {
            Self::Whole
        } else if groups == shape.in_channels && groups == shape.out_channels {
            Self::Depthwise
        } else {
            Self::Mixed
        }
    }

    /// The kernel, and how many groups of channels it is called for.
    pub(super) fn product(self, shape: &ConvShape) -> (Product, usize) {
        match self {
            Self::Whole | Self::Mixed => (Product::Dense, shape.groups),
            Self::Depthwise => (Product::Depthwise, 1),
        }
    }
}

/// Maps of the single groups of a map.
fn of_groups(map: Map<'_>, channels: usize, extent: Extent, groups: usize) -> Vec<Buffer> {
    let shapes = vec![MapShape::of(extent, channels / groups); groups];
    let whole = MapShape::of(extent, channels);
    match map {
        Map::Planar(values) => split(whole, values, &shapes),
        Map::Blocked([source]) => split(whole, source.values, &shapes),
        Map::Blocked(sources) => {
            let mut left = channels;
            let parts = sources.iter().map(|source| {
                let count = left.min(source.blocks * LANES);
                left -= count;
                (MapShape::blocked(extent, count), source.values)
            });
            let joined = concatenate(whole, &parts.collect::<Vec<_>>());
            split(whole, joined.as_slice(), &shapes)
        }
    }
}

/// Groups side by side, the inverse of [`of_groups`].
fn joined(groups: &[Buffer], channels: usize, extent: Extent) -> Buffer {
    let shape = MapShape::of(extent, channels / groups.len());
    let parts: Vec<_> = groups.iter().map(|map| (shape, map.as_slice())).collect();
    concatenate(MapShape::of(extent, channels), &parts)
}

/// Calls `work` with one map as convolutions take it.
fn with_map<R>(values: &Buffer, channels: usize, work: impl FnOnce(Map<'_>) -> R) -> R {
    let values = values.as_slice();
    if channels < LANES {
        return work(Map::Planar(values));
    }
    let blocks = blocks(channels);
    work(Map::Blocked(&[Source { values, blocks }]))
}

/// The convolution of one group.
fn group_shape(shape: &ConvShape) -> ConvShape {
    ConvShape {
        in_channels: shape.in_channels / shape.groups,
        out_channels: shape.out_channels / shape.groups,
        groups: 1,
        ..*shape
    }
}

/// [`conv`](super::conv) of [`Grouping::Mixed`].
pub(super) fn conv(
    isa: Isa,
    input: Map<'_>,
    weight: &[f32],
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
) -> Buffer {
    let own = group_shape(shape);
    let inputs = of_groups(input, shape.in_channels, shape.input, shape.groups);
    let weights = weight.chunks_exact(weight.len() / shape.groups);
    let groups = inputs.iter().zip(weights).enumerate();
    let outputs = groups.map(|(group, (input, weight))| {
        let epilogue = epilogue.of_group(group, own.out_channels);
        with_map(input, own.in_channels, |map| {
            super::conv(isa, map, weight, epilogue, &own)
        })
    });
    let outputs: Vec<Buffer> = outputs.collect();
    joined(&outputs, shape.out_channels, shape.output)
}

/// [`conv_input_gradient`](super::conv_input_gradient) of [`Grouping::Mixed`], in one buffer.
pub(super) fn conv_input_gradient(
    isa: Isa,
    gradient: Map<'_>,
    weight: &[f32],
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
) -> Buffer {
    let own = group_shape(shape);
    let sources = [blocks(own.in_channels)];
    let gradients = of_groups(gradient, shape.out_channels, shape.output, shape.groups);
    let weights = weight.chunks_exact(weight.len() / shape.groups);
    let groups = gradients.iter().zip(weights).enumerate();
    let outputs = groups.flat_map(|(group, (gradient, weight))| {
        let epilogue = epilogue.of_group(group, own.in_channels);
        with_map(gradient, own.out_channels, |map| {
            super::conv_input_gradient(isa, map, weight, epilogue, &own, &sources)
        })
    });
    let outputs: Vec<Buffer> = outputs.collect();
    joined(&outputs, shape.in_channels, shape.input)
}

/// [`conv_weight_gradient`](super::conv_weight_gradient) of [`Grouping::Mixed`].
pub(super) fn conv_weight_gradient(
    isa: Isa,
    input: Map<'_>,
    gradient: Map<'_>,
    shape: &ConvShape,
) -> Vec<f32> {
    let own = group_shape(shape);
    let inputs = of_groups(input, shape.in_channels, shape.input, shape.groups);
    let gradients = of_groups(gradient, shape.out_channels, shape.output, shape.groups);
    let of_each = inputs.iter().zip(&gradients).flat_map(|(input, gradient)| {
        with_map(input, own.in_channels, |input| {
            with_map(gradient, own.out_channels, |gradient| {
                super::conv_weight_gradient(isa, input, gradient, &own)
            })
        })
    });
    of_each.collect()
}

/// Cuts a map along its channels into maps of the given numbers of blocks; a planar map has one.
pub(super) fn cut(map: Buffer, extent: Extent, blocks: &[usize]) -> Vec<Buffer> {
    if blocks.len() == 1 {
        return vec![map];
    }
    let shape = |blocks: usize| MapShape::blocked(extent, blocks * LANES);
    let parts: Vec<MapShape> = blocks.iter().map(|&count| shape(count)).collect();
    split(shape(blocks.iter().sum()), map.as_slice(), &parts)
}
