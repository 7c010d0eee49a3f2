//! The shape of a convolution and the maps it reads.

use crate::{Extent, Source, blocks};

/// A convolution's sizes, `out = (in + padding - dilation (kernel - 1) - 1) / stride + 1` along each
/// of Z, Y and X. Weights are `[out_channels, in_channels / groups, KZ, KY, KX]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Sizes of the input.
    pub input: Extent,
    /// Sizes of the output.
    pub output: Extent,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Taps along Z, Y and X.
    pub kernel: [usize; 3],
    /// Input pixels from one output pixel to the next.
    pub stride: [usize; 3],
    /// Zeros before the first input pixel. Those after the last follow from the output's size.
    pub padding: [usize; 3],
    /// Input pixels from one tap to the next.
    pub dilation: [usize; 3],
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

/// A map that an operation reads.
#[derive(Clone, Copy, Debug)]
pub enum Map<'a> {
    /// `[N, C, Z, Y, X]`; for fewer than sixteen channels.
    Planar(&'a [f32]),
    /// Blocked maps that follow each other along the channels; only the last may have channels that
    /// are not a multiple of sixteen.
    Blocked(&'a [Source<'a>]),
}

impl Map<'_> {
    /// Whether the values are as many as the sizes say.
    pub fn fits(&self, extent: Extent, channels: usize) -> bool {
        match self {
            Self::Planar(values) => values.len() == extent.n * channels * extent.pixels(),
            Self::Blocked(sources) => {
                let is_whole =
                    |source: &Source<'_>| source.values.len() == extent.blocked_len(source.blocks);
                let count: usize = sources.iter().map(|source| source.blocks).sum();
                count == blocks(channels) && sources.iter().all(is_whole)
            }
        }
    }
}
