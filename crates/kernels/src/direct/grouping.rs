//! Convolutions whose channels are divided into groups.

use crate::{
    Buffer, ConvShape, Epilogue, Extent, Isa, LANES, Map, Source, from_blocked, to_blocked,
};

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

/// A map of any number of channels that a [`Map`] can refer to.
struct Owned {
    values: Buffer,
    extent: Extent,
    channels: usize,
}

impl Owned {
    /// From `[N, C, Z, Y, X]`.
    fn from_planar(values: &[f32], channels: usize, extent: Extent) -> Self {
        let values = if channels < LANES {
            let mut buffer = Buffer::zeros(values.len());
            buffer.as_mut_slice().copy_from_slice(values);
            buffer
        } else {
            to_blocked(values, channels, extent)
        };
        Self {
            values,
            extent,
            channels,
        }
    }

    /// As `[N, C, Z, Y, X]`.
    fn to_planar(&self) -> Vec<f32> {
        if self.channels < LANES {
            self.values.as_slice().to_vec()
        } else {
            from_blocked(self.values.as_slice(), self.channels, self.extent)
        }
    }

    fn with_map<R>(&self, work: impl FnOnce(Map<'_>) -> R) -> R {
        if self.channels < LANES {
            work(Map::Planar(self.values.as_slice()))
        } else {
            work(Map::Blocked(&[Source {
                values: self.values.as_slice(),
                blocks: crate::blocks(self.channels),
            }]))
        }
    }
}

/// A map as `[N, C, Z, Y, X]`.
fn planar_copy(map: Map<'_>, channels: usize, extent: Extent) -> Vec<f32> {
    let sources = match map {
        Map::Planar(values) => return values.to_vec(),
        Map::Blocked(sources) => sources,
    };
    let pixels = extent.pixels();
    let mut planar = vec![0.0; extent.n * channels * pixels];
    let mut first = 0;
    for source in sources {
        let count = (source.blocks * LANES).min(channels - first);
        let values = from_blocked(source.values, source.blocks * LANES, extent);
        for image in 0..extent.n {
            let from = &values[image * source.blocks * LANES * pixels..][..count * pixels];
            planar[(image * channels + first) * pixels..][..count * pixels].copy_from_slice(from);
        }
        first += count;
    }
    planar
}

/// The channels of one of several groups.
fn of_group(planar: &[f32], channels: usize, extent: Extent, group: usize, groups: usize) -> Owned {
    let len = channels / groups * extent.pixels();
    let values: Vec<f32> = planar
        .chunks_exact(len)
        .skip(group)
        .step_by(groups)
        .flatten()
        .copied()
        .collect();
    Owned::from_planar(&values, channels / groups, extent)
}

/// Groups side by side.
fn joined(parts: &[Owned], channels: usize, extent: Extent) -> Owned {
    let len = channels / parts.len() * extent.pixels();
    let mut planar = vec![0.0; extent.n * channels * extent.pixels()];
    for (group, part) in parts.iter().enumerate() {
        let places = planar
            .chunks_exact_mut(len)
            .skip(group)
            .step_by(parts.len());
        for (place, values) in places.zip(part.to_planar().chunks_exact(len)) {
            place.copy_from_slice(values);
        }
    }
    Owned::from_planar(&planar, channels, extent)
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
    let planar = planar_copy(input, shape.in_channels, shape.input);
    let own = group_shape(shape);
    let weights = weight.chunks_exact(weight.len() / shape.groups);
    let parts = weights.enumerate().map(|(group, weight)| {
        let epilogue = epilogue.of_group(group, own.out_channels);
        let input = of_group(&planar, shape.in_channels, shape.input, group, shape.groups);
        Owned {
            values: input.with_map(|map| super::conv(isa, map, weight, epilogue, &own)),
            extent: shape.output,
            channels: own.out_channels,
        }
    });
    let parts: Vec<Owned> = parts.collect();
    joined(&parts, shape.out_channels, shape.output).values
}

/// [`conv_input_gradient`](super::conv_input_gradient) of [`Grouping::Mixed`], in one buffer.
pub(super) fn conv_input_gradient(
    isa: Isa,
    gradient: Map<'_>,
    weight: &[f32],
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
) -> Buffer {
    let planar = planar_copy(gradient, shape.out_channels, shape.output);
    let own = group_shape(shape);
    let blocks = [crate::blocks(own.in_channels)];
    let weights = weight.chunks_exact(weight.len() / shape.groups);
    let parts = weights.enumerate().map(|(group, weight)| {
        let epilogue = epilogue.of_group(group, own.in_channels);
        let gradient = of_group(
            &planar,
            shape.out_channels,
            shape.output,
            group,
            shape.groups,
        );
        let mut values = gradient
            .with_map(|map| super::conv_input_gradient(isa, map, weight, epilogue, &own, &blocks));
        Owned {
            values: values.remove(0),
            extent: shape.input,
            channels: own.in_channels,
        }
    });
    let parts: Vec<Owned> = parts.collect();
    joined(&parts, shape.in_channels, shape.input).values
}

/// [`conv_weight_gradient`](super::conv_weight_gradient) of [`Grouping::Mixed`].
pub(super) fn conv_weight_gradient(
    isa: Isa,
    input: Map<'_>,
    gradient: Map<'_>,
    shape: &ConvShape,
) -> Vec<f32> {
    let input = planar_copy(input, shape.in_channels, shape.input);
    let gradient = planar_copy(gradient, shape.out_channels, shape.output);
    let own = group_shape(shape);
    let groups = shape.groups;
    let of_each = (0..groups).flat_map(|group| {
        let input = of_group(&input, shape.in_channels, shape.input, group, groups);
        let gradient = of_group(&gradient, shape.out_channels, shape.output, group, groups);
        input.with_map(|input| {
            gradient.with_map(|gradient| super::conv_weight_gradient(isa, input, gradient, &own))
        })
    });
    of_each.collect()
}

/// Cuts a map along its channels into maps of the given numbers of blocks; a planar map has one.
pub(super) fn split(map: Buffer, extent: Extent, blocks: &[usize]) -> Vec<Buffer> {
    if blocks.len() == 1 {
        return vec![map];
    }
    let block = extent.pixels() * LANES;
    let all: usize = blocks.iter().sum();
    let mut first = 0;
    let mut parts = Vec::with_capacity(blocks.len());
    for &count in blocks {
        let mut part = Buffer::zeros(extent.blocked_len(count));
        for image in 0..extent.n {
            let from = &map.as_slice()[(image * all + first) * block..][..count * block];
            part.as_mut_slice()[image * count * block..][..count * block].copy_from_slice(from);
        }
        first += count;
        parts.push(part);
    }
    parts
}
