//! The gradient of an output with zeros around it, so that every pixel of the input has all taps.

use rayon::prelude::*;

use super::taps;
use crate::{Buffer, ConvShape, LANES};

/// A copy of the gradient, `[N, O, Z', Y', X']`, whose pixel at the place of an input pixel plus the
/// offset of a tap is the output pixel that sees the input pixel through the tap, or zero.
pub(super) struct Padded {
    pub(super) values: Buffer,
    /// Values of a row; a vector that begins at a pixel of the image is within the row.
    pitch: usize,
    /// Rows of a plane and planes.
    size: [usize; 2],
    channels: usize,
    /// The offset of each tap, ordered as the weights.
    pub(super) offsets: Vec<usize>,
}

impl Padded {
    pub(super) fn new(gradient: &[f32], shape: &ConvShape) -> Self {
        let reach = [0, 1, 2].map(|axis| shape.dilation[axis] * (shape.kernel[axis] - 1));
        let [depth, height, width] = [0, 1, 2].map(|axis| shape.input.size[axis] + reach[axis]);
        let pitch = (width + LANES).next_multiple_of(LANES);
        let [out_depth, out_height, out_width] = shape.output.size;
        // Where output pixel 0 goes, and how many pixels of the output go anywhere.
        let first =
            [0, 1, 2].map(|axis| reach[axis].cast_signed() - shape.padding[axis].cast_signed());
        let source = |axis: usize, place: usize| {
            let place = place.checked_add_signed(-first[axis]);
            place.filter(|&place| place < shape.output.size[axis])
        };
        let planes = shape.output.n * shape.out_channels;
        let mut values = Buffer::zeros(planes * depth * height * pitch);
        let skipped = 0.max(-first[2]).cast_unsigned().min(out_width);
        let to = 0.max(first[2]).cast_unsigned();
        let count = (out_width - skipped).min(pitch.saturating_sub(to));
        let rows = values.as_mut_slice().par_chunks_mut(pitch).enumerate();
        rows.for_each(|(row, values)| {
            let (plane, z, y) = (row / height / depth, row / height % depth, row % height);
            if let (Some(z), Some(y)) = (source(0, z), source(1, y)) {
                let from = ((plane * out_depth + z) * out_height + y) * out_width + skipped;
                values[to..][..count].copy_from_slice(&gradient[from..][..count]);
            }
        });
        let mut offsets = Vec::with_capacity(taps(shape));
        for z in 0..shape.kernel[0] {
            for y in 0..shape.kernel[1] {
                for x in 0..shape.kernel[2] {
                    let [z, y, x] = [(0, z), (1, y), (2, x)]
                        .map(|(axis, tap)| reach[axis] - tap * shape.dilation[axis]);
                    offsets.push((z * height + y) * pitch + x);
                }
            }
        }
        Self {
            values,
            pitch,
            size: [depth, height],
            channels: shape.out_channels,
            offsets,
        }
    }

    /// The first value of a row of the image, apart from the offsets of the taps.
    #[inline(always)]
    pub(super) fn row(&self, image: usize, channel: usize, z: usize, y: usize) -> usize {
        let [depth, height] = self.size;
        let plane = image * self.channels + channel;
        ((plane * depth + z) * height + y) * self.pitch
    }
}
