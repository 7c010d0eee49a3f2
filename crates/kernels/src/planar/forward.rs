//! The output.

use rayon::prelude::*;

use super::{assert_suited, len, taps};
use crate::simd::{Kernel, Simd};
use crate::{Buffer, ConvShape, Epilogue, Isa, LANES};

/// Rows of a work item.
const ITEM_ROWS: usize = 16;
/// Vectors of a piece at the end of a row, whose taps are copied.
const EDGE: usize = 2;
/// Values of the scratch that they are copied to, 16 KiB.
const SCRATCH: usize = 4096;

/// A row of the input that an output row sees, and its weights.
#[derive(Clone, Copy)]
struct TapRow {
    /// The first value of the row, within the image.
    offset: usize,
    /// The first weight, `[KX, O]`.
    weight: usize,
}

/// The convolution of a planar map `[N, I, Z, Y, X]` with `weight`, `[O, I, KZ, KY, KX]`, as a planar
/// map. NaN and infinity reach every output that sees them and no other.
///
/// # Panics
///
/// When the sizes of the arguments are not those of `shape`, [`super::is_suited`] does not hold, or
/// the processor does not have `isa`.
pub fn conv(
    isa: Isa,
    input: &[f32],
    weight: &[f32],
    epilogue: Epilogue<'_>,
    shape: &ConvShape,
) -> Buffer {
    assert_suited(isa, shape);
    assert_eq!(input.len(), len(shape.input, shape.in_channels), "input");
    let weights = shape.out_channels * shape.in_channels * taps(shape);
    assert_eq!(weight.len(), weights, "weights of {shape:?}");
    epilogue.assert_fits(shape.out_channels);
    let groups: Vec<Group> = Group::all(weight, epilogue, shape);
    let items = items(shape);
    let image_len = shape.in_channels * shape.input.pixels();
    let fill = |output: crate::Pointer| {
        items.par_iter().for_each(|item| {
            let kernel = ItemKernel {
                shape,
                epilogue,
                groups: &groups,
                input: &input[item.image * image_len..][..image_len],
                item: *item,
                output,
            };
            // SAFETY: the processor has the instruction set, as checked; the input is that of the
            // shape, and items write rows of their own.
            unsafe { isa.run(kernel) };
        });
    };
    Buffer::filled_by(len(shape.output, shape.out_channels), fill)
}

/// Rows that lie a dilation apart, of one plane of all channels of an image. They see the same rows
/// of the input, which therefore stay in the cache.
#[derive(Clone, Copy)]
struct Item {
    image: usize,
    z: usize,
    first: usize,
    rows: usize,
}

fn items(shape: &ConvShape) -> Vec<Item> {
    let [depth, height, _] = shape.output.size;
    let step = shape.dilation[1];
    let mut items = Vec::new();
    for image in 0..shape.output.n {
        for z in 0..depth {
            for start in 0..step.min(height) {
                let mut left = (height - start).div_ceil(step);
                let mut first = start;
                while left > 0 {
                    let rows = left.min(ITEM_ROWS);
                    items.push(Item {
                        image,
                        z,
                        first,
                        rows,
                    });
                    first += rows * step;
                    left -= rows;
                }
            }
        }
    }
    items
}

/// Output channels that are computed together.
struct Group {
    first: usize,
    channels: usize,
    /// The channels with zero weights that make them 1, 2 or 4.
    width: usize,
    /// `[I, KZ, KY, KX, width]`.
    weights: Vec<f32>,
    bias: [f32; 4],
}

impl Group {
    fn all(weight: &[f32], epilogue: Epilogue<'_>, shape: &ConvShape) -> Vec<Self> {
        let per_channel = shape.in_channels * taps(shape);
        let width = shape.out_channels.next_power_of_two().min(4);
        let group = |first: usize| {
            let channels = width.min(shape.out_channels - first);
            let mut weights = vec![0.0; per_channel * width];
            let mut bias = [0.0; 4];
            for channel in 0..channels {
                let own = &weight[(first + channel) * per_channel..][..per_channel];
                for (place, value) in weights.chunks_exact_mut(width).zip(own) {
                    place[channel] = *value;
                }
                bias[channel] = epilogue.bias.map_or(0.0, |bias| bias[first + channel]);
            }
            Self {
                first,
                channels,
                width,
                weights,
                bias,
            }
        };
        (0..shape.out_channels).step_by(width).map(group).collect()
    }
}

struct ItemKernel<'a> {
    shape: &'a ConvShape,
    epilogue: Epilogue<'a>,
    groups: &'a [Group],
    input: &'a [f32],
    item: Item,
    output: crate::Pointer,
}

impl Kernel for ItemKernel<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let taps = self.shape.kernel[2];
        let mut scratch = vec![0.0; SCRATCH.max(taps * EDGE * LANES)];
        let mut rows = Vec::new();
        for row in 0..self.item.rows {
            let y = self.item.first + row * self.shape.dilation[1];
            for group in self.groups {
                self.tap_rows(y, group.width, &mut rows);
                let row = Row {
                    item: &self,
                    group,
                    rows: &rows,
                    y,
                };
                // SAFETY: as the caller promises; the width is that of the group's weights.
                unsafe {
                    match group.width {
                        1 => row.run::<S, 1>(&mut scratch),
                        2 => row.run::<S, 2>(&mut scratch),
                        _ => row.run::<S, 4>(&mut scratch),
                    }
                }
            }
        }
    }
}

impl ItemKernel<'_> {
    /// The rows of the input that output row `y` sees.
    fn tap_rows(&self, y: usize, width: usize, rows: &mut Vec<TapRow>) {
        let ConvShape {
            kernel,
            dilation,
            padding,
            input,
            ..
        } = self.shape;
        let [depth, height, pixels] = input.size;
        let seen = |place: usize, axis: usize, tap: usize| {
            let place = (place + tap * dilation[axis]).checked_sub(padding[axis]);
            place.filter(|&place| place < input.size[axis])
        };
        rows.clear();
        for channel in 0..self.shape.in_channels {
            for tap_z in 0..kernel[0] {
                let Some(z) = seen(self.item.z, 0, tap_z) else {
                    continue;
                };
                for tap_y in 0..kernel[1] {
                    if let Some(y) = seen(y, 1, tap_y) {
                        let weight = (channel * kernel[0] + tap_z) * kernel[1] + tap_y;
                        rows.push(TapRow {
                            offset: ((channel * depth + z) * height + y) * pixels,
                            weight: weight * kernel[2] * width,
                        });
                    }
                }
            }
        }
    }
}

/// One row of a group of output channels.
struct Row<'a> {
    item: &'a ItemKernel<'a>,
    group: &'a Group,
    rows: &'a [TapRow],
    y: usize,
}

impl Row<'_> {
    /// # Safety
    ///
    /// The processor must have the instruction set, the group must have `O` channels with those of
    /// zeros, and the output must be valid for the row.
    #[inline(always)]
    unsafe fn run<S: Simd, const O: usize>(&self, scratch: &mut [f32]) {
        let shape = self.item.shape;
        let width = shape.output.size[2];
        let padding = shape.padding[2];
        let reach = shape.dilation[2] * (shape.kernel[2] - 1);
        // Vectors from `low` to `high` see no pixel beyond the row.
        let low = padding.next_multiple_of(LANES).min(width);
        let inside = width.min((shape.input.size[2] + padding).saturating_sub(reach));
        let high = low + inside.saturating_sub(low) / LANES * LANES;
        // SAFETY: as the caller promises.
        unsafe {
            let mut x = low;
            if S::TILE * S::WIDTH >= 4 * O * 2 {
                x = self.inner::<S, O, 4>(x, high);
            }
            x = self.inner::<S, O, 2>(x, high);
            self.inner::<S, O, 1>(x, high);
            for edge in [0..low, high..width] {
                for start in edge.clone().step_by(EDGE * LANES) {
                    self.edge::<S, O>(start, edge.end.min(start + EDGE * LANES), scratch);
                }
            }
        }
    }

    /// Tiles of `T` vectors from `x` as far as they end before `high`; gives where they end.
    ///
    /// # Safety
    ///
    /// As [`Row::run`]; the taps of all pixels before `high` must be within the row.
    #[inline(always)]
    unsafe fn inner<S: Simd, const O: usize, const T: usize>(
        &self,
        mut x: usize,
        high: usize,
    ) -> usize {
        let shape = self.item.shape;
        let (taps, step) = (shape.kernel[2], shape.dilation[2]);
        // SAFETY: as the caller promises.
        unsafe {
            while x + T * LANES <= high {
                let mut sums = self.bias::<S, O, T>();
                // The offsets of rows are added to an address within the image at least.
                let base = self.item.input.as_ptr().add(x - shape.padding[2]);
                self.add::<S, O, T>(&mut sums, base, self.rows.iter().copied(), taps, step);
                self.store::<S, O, T>(&sums, x, T * LANES);
                x += T * LANES;
            }
        }
        x
    }

    /// Pixels at the end of a row: the taps are copied, with zeros for those beyond the image.
    ///
    /// # Safety
    ///
    /// As [`Row::run`].
    #[inline(always)]
    unsafe fn edge<S: Simd, const O: usize>(&self, start: usize, end: usize, scratch: &mut [f32]) {
        const WIDTH: usize = EDGE * LANES;
        let shape = self.item.shape;
        let taps = shape.kernel[2];
        let pixels = shape.input.size[2];
        let pitch = taps * WIDTH;
        let room = scratch.len() / pitch;
        // The zeros are in the same places for all rows, and written once.
        scratch[..room.min(self.rows.len()) * pitch].fill(0.0);
        // SAFETY: as the caller promises.
        unsafe {
            let mut sums = self.bias::<S, O, EDGE>();
            for rows in self.rows.chunks(room) {
                for tap in 0..taps {
                    // Pixel `start + i` of this tap is pixel `start + i + ahead - padding` of the row.
                    let ahead = tap * shape.dilation[2];
                    let first = shape.padding[2].saturating_sub(start + ahead);
                    let last = (pixels + shape.padding[2]).saturating_sub(start + ahead);
                    let last = last.min(end - start);
                    if first >= last {
                        continue;
                    }
                    let from = start + first + ahead - shape.padding[2];
                    for (row, place) in rows.iter().zip(scratch.chunks_exact_mut(pitch)) {
                        let own = &self.item.input[row.offset + from..][..last - first];
                        place[tap * WIDTH + first..][..last - first].copy_from_slice(own);
                    }
                }
                let copied = rows.iter().enumerate().map(|(index, row)| TapRow {
                    offset: index * pitch,
                    ..*row
                });
                self.add::<S, O, EDGE>(&mut sums, scratch.as_ptr(), copied, taps, WIDTH);
            }
            self.store::<S, O, EDGE>(&sums, start, end - start);
        }
    }

    /// # Safety
    ///
    /// As [`Row::run`].
    #[inline(always)]
    unsafe fn bias<S: Simd, const O: usize, const T: usize>(&self) -> [[S::Vector; T]; O] {
        // SAFETY: as the caller promises.
        unsafe {
            let mut sums = [[S::zero(); T]; O];
            for (sums, &bias) in sums.iter_mut().zip(&self.group.bias) {
                *sums = [S::splat(bias); T];
            }
            sums
        }
    }

    /// Adds the products of rows' pixels and weights, `step` pixels from one tap to the next.
    ///
    /// # Safety
    ///
    /// As [`Row::run`]; `base` with the offsets of the rows must be valid for all taps of the tile.
    #[inline(always)]
    unsafe fn add<S: Simd, const O: usize, const T: usize>(
        &self,
        sums: &mut [[S::Vector; T]; O],
        base: *const f32,
        rows: impl Iterator<Item = TapRow>,
        taps: usize,
        step: usize,
    ) {
        // SAFETY: as the caller promises; the weights are as many as taps and channels.
        unsafe {
            // A local copy stays in registers.
            let mut local = *sums;
            for row in rows {
                let mut pixels = base.add(row.offset);
                let mut weight = self.group.weights.as_ptr().add(row.weight);
                for _ in 0..taps {
                    let mut vectors = [S::zero(); T];
                    for (index, vector) in vectors.iter_mut().enumerate() {
                        *vector = S::load(pixels.add(index * LANES));
                    }
                    for (channel, sums) in local.iter_mut().enumerate() {
                        let weight = S::splat(*weight.add(channel));
                        for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                            *sum = S::mul_add(vector, weight, *sum);
                        }
                    }
                    // Beyond the last tap the address may be none, so that it is not computed by `add`.
                    pixels = pixels.wrapping_add(step);
                    weight = weight.add(O);
                }
            }
            *sums = local;
        }
    }

    /// # Safety
    ///
    /// As [`Row::run`]; `count` pixels from `x` must be within the row.
    #[inline(always)]
    unsafe fn store<S: Simd, const O: usize, const T: usize>(
        &self,
        sums: &[[S::Vector; T]; O],
        x: usize,
        count: usize,
    ) {
        let shape = self.item.shape;
        let [depth, height, width] = shape.output.size;
        let Item { image, z, .. } = self.item.item;
        for (channel, sums) in sums.iter().enumerate().take(self.group.channels) {
            let plane = image * shape.out_channels + self.group.first + channel;
            let at = ((plane * depth + z) * height + self.y) * width + x;
            // SAFETY: as the caller promises.
            unsafe {
                let to = self.item.output.at(at);
                for (index, &sum) in sums.iter().enumerate() {
                    let value = self.item.epilogue.activation.apply::<S>(sum);
                    let first = index * LANES;
                    if first + LANES <= count {
                        S::store(to.add(first), value);
                    } else if first < count {
                        let mut last = [0.0; LANES];
                        S::store(last.as_mut_ptr(), value);
                        let last = last.as_ptr();
                        std::ptr::copy_nonoverlapping(last, to.add(first), count - first);
                    }
                }
            }
        }
    }
}
