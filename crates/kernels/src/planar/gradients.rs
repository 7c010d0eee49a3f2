//! The gradients of the input and of the weights.

use rayon::prelude::*;

use super::padded::Padded;
use super::{assert_suited, len, taps};
use crate::simd::{Kernel, Simd};
use crate::{Buffer, ConvShape, Isa, LANES, Pointer};

/// Rows of a work item of the gradient of the input.
const INPUT_ROWS: usize = 32;
/// Channels of the input whose gradients are computed together.
const INPUT_CHANNELS: usize = 4;
/// Rows of a work item of the gradient of the weights, whose terms are added in single precision.
const WEIGHT_ROWS: usize = 16;
/// Channels of the input of such an item.
const WEIGHT_CHANNELS: usize = 2;

/// What a gradient is added to: writes the values of a plane `[N, C]` from one of them on.
pub(crate) type Begin<'a> = &'a (dyn Fn(usize, usize, &mut [f32]) + Sync);

/// The gradient of the input of [`super::conv`] from that of its output, both planar.
///
/// # Panics
///
/// As [`super::conv`].
pub fn conv_input_gradient(
    isa: Isa,
    gradient: &[f32],
    weight: &[f32],
    shape: &ConvShape,
) -> Buffer {
    conv_input_gradient_added(isa, gradient, weight, shape, None)
}

/// The same, added to what `begin` writes while it is in the cache.
pub(crate) fn conv_input_gradient_added(
    isa: Isa,
    gradient: &[f32],
    weight: &[f32],
    shape: &ConvShape,
    begin: Option<Begin<'_>>,
) -> Buffer {
    assert_suited(isa, shape);
    assert_gradient(gradient, shape);
    let weights = shape.out_channels * shape.in_channels * taps(shape);
    assert_eq!(weight.len(), weights, "weights of {shape:?}");
    let padded = Padded::new(gradient, shape);
    let packed = pack(weight, shape);
    let [depth, height, _] = shape.input.size;
    let row_items = (depth * height).div_ceil(INPUT_ROWS);
    let channel_items = shape.in_channels.div_ceil(INPUT_CHANNELS);
    let fill = |output: Pointer| {
        let items = (0..shape.input.n * row_items * channel_items).into_par_iter();
        items.for_each(|item| {
            let (image, item) = (
                item / channel_items / row_items,
                item % (channel_items * row_items),
            );
            let first_row = item / channel_items * INPUT_ROWS;
            let kernel = InputGradient {
                shape,
                padded: &padded,
                weights: &packed[item % channel_items],
                image,
                channel: item % channel_items * INPUT_CHANNELS,
                rows: first_row..(first_row + INPUT_ROWS).min(depth * height),
                begin,
                output,
            };
            // SAFETY: the processor has the instruction set, as checked; items write rows of their
            // own.
            unsafe { isa.run(kernel) };
        });
    };
    Buffer::filled_by(len(shape.input, shape.in_channels), fill)
}

fn assert_gradient(gradient: &[f32], shape: &ConvShape) {
    let expected = len(shape.output, shape.out_channels);
    assert_eq!(gradient.len(), expected, "gradient of {shape:?}");
}

/// Weights for each group of input channels, `[O, KZ, KY, KX, 4]`, with zeros for channels that do
/// not exist.
fn pack(weight: &[f32], shape: &ConvShape) -> Vec<Vec<f32>> {
    let taps = taps(shape);
    let group = |first: usize| {
        let mut packed = vec![0.0; shape.out_channels * taps * INPUT_CHANNELS];
        for (index, place) in packed.chunks_exact_mut(INPUT_CHANNELS).enumerate() {
            let (out, tap) = (index / taps, index % taps);
            for (channel, place) in (first..shape.in_channels).zip(place) {
                *place = weight[(out * shape.in_channels + channel) * taps + tap];
            }
        }
        packed
    };
    (0..shape.in_channels)
        .step_by(INPUT_CHANNELS)
        .map(group)
        .collect()
}

struct InputGradient<'a> {
    shape: &'a ConvShape,
    padded: &'a Padded,
    weights: &'a [f32],
    image: usize,
    /// The first of the channels.
    channel: usize,
    /// Rows of the image, counted over its planes.
    rows: std::ops::Range<usize>,
    begin: Option<Begin<'a>>,
    output: Pointer,
}

impl Kernel for InputGradient<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let [_, height, width] = self.shape.input.size;
        // SAFETY: as the caller promises.
        unsafe {
            if let Some(begin) = self.begin {
                for channel in 0..self.channels() {
                    let to = self.plane(channel).add(self.rows.start * width);
                    let values = std::slice::from_raw_parts_mut(to, self.rows.len() * width);
                    let plane = self.image * self.shape.in_channels + self.channel + channel;
                    begin(plane, self.rows.start * width, values);
                }
            }
            for row in self.rows.clone() {
                let (z, y) = (row / height, row % height);
                let mut x = 0;
                if S::TILE * S::WIDTH >= 4 * INPUT_CHANNELS {
                    while x + 4 * LANES <= width {
                        self.tile::<S, 4>(z, y, x);
                        x += 4 * LANES;
                    }
                }
                while x < width {
                    self.tile::<S, 1>(z, y, x);
                    x += LANES;
                }
            }
        }
    }
}

impl InputGradient<'_> {
    fn channels(&self) -> usize {
        INPUT_CHANNELS.min(self.shape.in_channels - self.channel)
    }

    /// The first pixel of a channel of the group.
    ///
    /// # Safety
    ///
    /// The channel must exist.
    #[inline(always)]
    unsafe fn plane(&self, channel: usize) -> *mut f32 {
        let plane = self.image * self.shape.in_channels + self.channel + channel;
        // SAFETY: the plane is within the output.
        unsafe { self.output.at(plane * self.shape.input.pixels()) }
    }

    /// # Safety
    ///
    /// The processor must have the instruction set; `x` must be within the row, and the last vector
    /// but for a single one too.
    #[inline(always)]
    unsafe fn tile<S: Simd, const T: usize>(&self, z: usize, y: usize, x: usize) {
        let [_, height, width] = self.shape.input.size;
        let at = (z * height + y) * width + x;
        // SAFETY: as the caller promises; the padded rows are as long as the offsets need.
        unsafe {
            let mut sums = [[S::zero(); T]; INPUT_CHANNELS];
            let gradient = self.padded.values.as_slice().as_ptr();
            let mut weights = self.weights.as_ptr();
            for out in 0..self.shape.out_channels {
                let gradient = gradient.add(self.padded.row(self.image, out, z, y) + x);
                for &offset in &self.padded.offsets {
                    let mut vectors = [S::zero(); T];
                    for (index, vector) in vectors.iter_mut().enumerate() {
                        *vector = S::load(gradient.add(offset + index * LANES));
                    }
                    for (channel, sums) in sums.iter_mut().enumerate() {
                        let weight = S::splat(*weights.add(channel));
                        for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                            *sum = S::mul_add(vector, weight, *sum);
                        }
                    }
                    weights = weights.add(INPUT_CHANNELS);
                }
            }
            for (channel, sums) in sums.iter().enumerate().take(self.channels()) {
                let to = self.plane(channel).add(at);
                for (index, &sum) in sums.iter().enumerate() {
                    self.store::<S>(to.add(index * LANES), sum, width - x - index * LANES);
                }
            }
        }
    }

    /// Stores a vector, or as many of its values as are left of the row.
    ///
    /// # Safety
    ///
    /// `to` must be valid for as many values.
    #[inline(always)]
    unsafe fn store<S: Simd>(&self, to: *mut f32, sum: S::Vector, left: usize) {
        let is_added = self.begin.is_some();
        // SAFETY: as the caller promises.
        unsafe {
            if left >= LANES {
                let sum = if is_added {
                    S::add(S::load(to), sum)
                } else {
                    sum
                };
                S::store(to, sum);
                return;
            }
            let mut last = [0.0; LANES];
            S::store(last.as_mut_ptr(), sum);
            for (index, &value) in last[..left].iter().enumerate() {
                *to.add(index) = if is_added {
                    *to.add(index) + value
                } else {
                    value
                };
            }
        }
    }
}

/// The gradient of the weights of [`super::conv`], `[O, I, KZ, KY, KX]`, from its input and the
/// gradient of its output, both planar.
///
/// # Panics
///
/// As [`super::conv`].
pub fn conv_weight_gradient(
    isa: Isa,
    input: &[f32],
    gradient: &[f32],
    shape: &ConvShape,
) -> Vec<f32> {
    assert_suited(isa, shape);
    assert_eq!(input.len(), len(shape.input, shape.in_channels), "input");
    assert_gradient(gradient, shape);
    let padded = Padded::new(gradient, shape);
    let [depth, height, _] = shape.input.size;
    let row_items = (depth * height).div_ceil(WEIGHT_ROWS);
    let channel_items = shape.in_channels.div_ceil(WEIGHT_CHANNELS);
    let items = 0..shape.input.n * row_items * channel_items;
    let partial = items.into_par_iter().map(|item| {
        let (image, item) = (
            item / channel_items / row_items,
            item % (channel_items * row_items),
        );
        let first_row = item / channel_items * WEIGHT_ROWS;
        let mut sums = vec![0.0; WEIGHT_CHANNELS * shape.out_channels * taps(shape)];
        let kernel = WeightGradient {
            shape,
            padded: &padded,
            input,
            image,
            channel: item % channel_items * WEIGHT_CHANNELS,
            rows: first_row..(first_row + WEIGHT_ROWS).min(depth * height),
            sums: &mut sums,
        };
        // SAFETY: the processor has the instruction set, as checked; the input is that of the shape.
        unsafe { isa.run(kernel) };
        sums
    });
    let partial: Vec<Vec<f32>> = partial.collect();
    let mut totals = vec![0.0; shape.out_channels * shape.in_channels * taps(shape)];
    for (item, sums) in partial.iter().enumerate() {
        let first = item % channel_items * WEIGHT_CHANNELS;
        for (index, sums) in sums.chunks_exact(taps(shape)).enumerate() {
            let (channel, out) = (
                first + index / shape.out_channels,
                index % shape.out_channels,
            );
            if channel < shape.in_channels {
                let at = (out * shape.in_channels + channel) * taps(shape);
                for (total, &sum) in totals[at..].iter_mut().zip(sums) {
                    *total += f64::from(sum);
                }
            }
        }
    }
    totals.into_iter().map(|total: f64| total as f32).collect()
}

struct WeightGradient<'a> {
    shape: &'a ConvShape,
    padded: &'a Padded,
    input: &'a [f32],
    image: usize,
    /// The first of the channels.
    channel: usize,
    /// Rows of the image, counted over its planes.
    rows: std::ops::Range<usize>,
    /// `[2, O, KZ, KY, KX]`.
    sums: &'a mut [f32],
}

impl Kernel for WeightGradient<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        let both = self.channel + 1 < self.shape.in_channels;
        let taps = self.padded.offsets.len();
        for out in 0..self.shape.out_channels {
            let mut tap = 0;
            while tap < taps {
                // SAFETY: as the caller promises; the taps and the channels exist.
                unsafe {
                    tap += if S::TILE * S::WIDTH >= 18 && tap + 9 <= taps {
                        if both {
                            self.add::<S, 2, 9>(out, 0, tap);
                        } else {
                            self.add::<S, 1, 9>(out, 0, tap);
                        }
                        9
                    } else {
                        let step = if tap + 3 <= taps { 3 } else { 1 };
                        for channel in 0..=usize::from(both) {
                            if step == 3 {
                                self.add::<S, 1, 3>(out, channel, tap);
                            } else {
                                self.add::<S, 1, 1>(out, channel, tap);
                            }
                        }
                        step
                    };
                }
            }
        }
    }
}

impl WeightGradient<'_> {
    /// The sums of `C` channels from `channel` of the group and `G` taps from `tap`.
    ///
    /// # Safety
    ///
    /// The processor must have the instruction set, and channels and taps must exist.
    #[inline(always)]
    unsafe fn add<S: Simd, const C: usize, const G: usize>(
        &mut self,
        out: usize,
        channel: usize,
        tap: usize,
    ) {
        let [_, height, width] = self.shape.input.size;
        let pixels = self.shape.input.pixels();
        let plane = self.image * self.shape.in_channels + self.channel + channel;
        let whole = width / LANES * LANES;
        let offsets = &self.padded.offsets[tap..][..G];
        // SAFETY: as the caller promises; the padded rows are as long as the offsets need.
        unsafe {
            let mut sums = [[S::zero(); G]; C];
            let gradient = self.padded.values.as_slice().as_ptr();
            for row in self.rows.clone() {
                let gradient =
                    gradient.add(self.padded.row(self.image, out, row / height, row % height));
                let input = self.input.as_ptr().add(plane * pixels + row * width);
                let mut x = 0;
                while x < width {
                    let mut vectors = [S::zero(); C];
                    for (channel, vector) in vectors.iter_mut().enumerate() {
                        let from = input.add(channel * pixels + x);
                        *vector = if x < whole {
                            S::load(from)
                        } else {
                            let mut last = [0.0; LANES];
                            std::ptr::copy_nonoverlapping(from, last.as_mut_ptr(), width - x);
                            S::load(last.as_ptr())
                        };
                    }
                    for (tap, &offset) in offsets.iter().enumerate() {
                        let gradient = S::load(gradient.add(offset + x));
                        for (sums, &vector) in sums.iter_mut().zip(&vectors) {
                            sums[tap] = S::mul_add(vector, gradient, sums[tap]);
                        }
                    }
                    x += LANES;
                }
            }
            let taps = self.padded.offsets.len();
            for (index, sums) in sums.iter().enumerate() {
                let at = ((channel + index) * self.shape.out_channels + out) * taps + tap;
                for (place, &sum) in self.sums[at..].iter_mut().zip(sums) {
                    let mut lanes = [0.0; LANES];
                    S::store(lanes.as_mut_ptr(), sum);
                    *place = lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>() as f32;
                }
            }
        }
    }
}
