//! The blocked layout, and the way there and back.

use rayon::prelude::*;

use crate::{Buffer, LANES};

/// The sizes of a map apart from its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Images of the batch.
    pub n: usize,
    /// Planes, rows and pixels of a row: `[Z, Y, X]`.
    pub size: [usize; 3],
}

impl Extent {
    /// Pixels of one image.
    pub fn pixels(&self) -> usize {
        self.size.iter().product()
    }

    /// Values of a blocked map of `blocks` blocks.
    pub fn blocked_len(&self, blocks: usize) -> usize {
        self.n * blocks * self.pixels() * LANES
    }
}

/// A blocked map, or one of several that follow each other along the channels.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The values, `[N, blocks, Z, Y, X, 16]`.
    pub values: &'a [f32],
    /// Blocks of sixteen channels.
    pub blocks: usize,
}

/// Blocks that `channels` channels need.
pub fn blocks(channels: usize) -> usize {
    channels.div_ceil(LANES)
}

/// Turns a planar map `[N, C, Z, Y, X]` into a blocked one.
///
/// # Panics
///
/// When the number of values is not that of the sizes.
pub fn to_blocked(planar: &[f32], channels: usize, extent: Extent) -> Buffer {
    let pixels = extent.pixels();
    assert_eq!(planar.len(), extent.n * channels * pixels);
    let mut blocked = Buffer::zeros(extent.blocked_len(blocks(channels)));
    if pixels == 0 {
        return blocked;
    }
    let per_image = blocks(channels);
    blocked
        .as_mut_slice()
        .par_chunks_mut(pixels * LANES)
        .enumerate()
        .for_each(|(index, block)| {
            let (image, first) = (index / per_image, index % per_image * LANES);
            let count = LANES.min(channels - first);
            let planes = &planar[(image * channels + first) * pixels..][..count * pixels];
            for (lane, plane) in planes.chunks_exact(pixels).enumerate() {
                for (pixel, &value) in block.chunks_exact_mut(LANES).zip(plane) {
                    pixel[lane] = value;
                }
            }
        });
    blocked
}

/// Turns a blocked map into a planar one of `channels` channels, `[N, C, Z, Y, X]`.
///
/// # Panics
///
/// When the number of values is not that of the sizes.
pub fn from_blocked(blocked: &[f32], channels: usize, extent: Extent) -> Vec<f32> {
    let pixels = extent.pixels();
    assert_eq!(blocked.len(), extent.blocked_len(blocks(channels)));
    let mut planar = vec![0.0; extent.n * channels * pixels];
    if pixels == 0 {
        return planar;
    }
    let per_image = blocks(channels);
    planar
        .par_chunks_mut(pixels)
        .enumerate()
        .for_each(|(index, plane)| {
            let (image, channel) = (index / channels, index % channels);
            let block = image * per_image + channel / LANES;
            let values = &blocked[block * pixels * LANES..][..pixels * LANES];
            for (value, pixel) in plane.iter_mut().zip(values.chunks_exact(LANES)) {
                *value = pixel[channel % LANES];
            }
        });
    planar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_with_zeros_in_the_lanes_without_a_channel() {
        let extent = Extent {
            n: 2,
            size: [2, 3, 5],
        };
        for channels in [1, 15, 16, 17, 40] {
            let planar: Vec<f32> = (1..=2 * channels * 30).map(|value| value as f32).collect();
            let blocked = to_blocked(&planar, channels, extent);
            let sum: f64 = blocked.as_slice().iter().map(|&v| f64::from(v)).sum();
            let expected: f64 = planar.iter().map(|&v| f64::from(v)).sum();
            assert_eq!(sum, expected);
            assert_eq!(from_blocked(blocked.as_slice(), channels, extent), planar);
        }
    }
}
