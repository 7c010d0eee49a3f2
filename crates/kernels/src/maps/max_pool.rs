//! Maximum pooling.

use std::ops::Range;

use rayon::prelude::*;

use super::layout::MapShape;
use super::parts::{TILE, Tile, run};
use super::pixel::{OnPixels, Pixel, PixelKernel};
use super::window::Window;
use crate::{Buffer, Isa, Pointer};

/// The windows of one output row of a plane.
#[derive(Clone, Copy)]
struct Rows {
    window: Window,
    input: [usize; 3],
    output: [usize; 3],
    /// The row's indices along Z and Y.
    at: [usize; 2],
}

impl Rows {
    fn new(shape: MapShape, window: Window, row: usize) -> Self {
        let input = shape.extent.size;
        let output = window.output_size(input);
        Self {
            window,
            input,
            output,
            at: [row / output[1], row % output[1]],
        }
    }

    /// The first tap along Z or Y that is within the image.
    #[inline(always)]
    fn first_tap(&self, axis: usize) -> usize {
        let origin = self.at[axis] * self.window.stride[axis];
        self.window.padding[axis].saturating_sub(origin)
    }

    /// Every tap within the image of output pixels `columns`: the tap's number, the output pixels
    /// it has an input for, and the first one's input pixel.
    #[inline(always)]
    fn taps<'a>(
        &'a self,
        columns: &'a Range<usize>,
    ) -> impl Iterator<Item = (f32, Range<usize>, usize)> + 'a {
        let Window {
            kernel,
            stride,
            padding,
        } = self.window;
        (0..kernel.iter().product()).filter_map(move |number| {
            let tap = [
                number / (kernel[1] * kernel[2]),
                number / kernel[2] % kernel[1],
                number % kernel[2],
            ];
            let inside = |axis: usize| {
                let place = self.at[axis] * stride[axis] + tap[axis];
                let index = place.checked_sub(padding[axis])?;
                (index < self.input[axis]).then_some(index)
            };
            let (z, y) = (inside(0)?, inside(1)?);
            let outputs = self.window.outputs_of(tap[2], self.input[2], columns);
            if outputs.is_empty() {
                return None;
            }
            let x = outputs.start * stride[2] + tap[2] - padding[2];
            let pixel = (z * self.input[1] + y) * self.input[2] + x;
            Some((number as f32, outputs, pixel))
        })
    }
}

/// The maxima of output pixels `columns`, behind `best`; with `INDEX` also the numbers of the taps
/// that have them, behind `index`. The first maximum wins over equal ones, and NaN over all.
///
/// # Safety
///
/// `plane` must be a plane of the input; `best` and `index` must be valid for the columns; the
/// processor must have the instruction set.
#[inline(always)]
unsafe fn scan<P: Pixel, const INDEX: bool>(
    rows: &Rows,
    plane: *const f32,
    columns: &Range<usize>,
    best: *mut f32,
    index: *mut f32,
) {
    let window = rows.window;
    // SAFETY: as the caller promises.
    unsafe {
        for (at, column) in columns.clone().enumerate() {
            P::store(best.add(at * P::LANES), P::splat(f32::NEG_INFINITY));
            if INDEX {
                // Where all are minus infinity, none wins; the first within the image is to blame.
                let first_x = window.padding[2].saturating_sub(column * window.stride[2]);
                let row = rows.first_tap(0) * window.kernel[1] + rows.first_tap(1);
                let first = (row * window.kernel[2] + first_x) as f32;
                P::store(index.add(at * P::LANES), P::splat(first));
            }
        }
        for (number, outputs, pixel) in rows.taps(columns) {
            let from = plane.add(pixel * P::LANES);
            let skip = (outputs.start - columns.start) * P::LANES;
            let (best, index) = (best.wrapping_add(skip), index.wrapping_add(skip));
            let count = outputs.len();
            // The usual strides as constants, for vector code over planar rows.
            match window.stride[2] {
                1 => update::<P, INDEX>(from, 1, number, count, best, index),
                2 => update::<P, INDEX>(from, 2, number, count, best, index),
                stride => update::<P, INDEX>(from, stride, number, count, best, index),
            }
        }
    }
}

/// Lets one tap compete.
///
/// # Safety
///
/// As [`scan`].
#[inline(always)]
unsafe fn update<P: Pixel, const INDEX: bool>(
    from: *const f32,
    stride: usize,
    number: f32,
    count: usize,
    best: *mut f32,
    index: *mut f32,
) {
    // SAFETY: as the caller promises.
    unsafe {
        for at in 0..count {
            let candidate = P::load(from.add(at * stride * P::LANES));
            let place = best.add(at * P::LANES);
            let holder = P::load(place);
            if INDEX {
                let place = index.add(at * P::LANES);
                let winner = P::where_wins(candidate, holder, P::splat(number), P::load(place));
                P::store(place, winner);
            }
            P::store(place, P::where_wins(candidate, holder, candidate, holder));
        }
    }
}

/// Cuts a row into pieces that fit a tile.
#[inline(always)]
fn pieces<P: Pixel>(columns: usize) -> impl Iterator<Item = Range<usize>> {
    let step = TILE / P::LANES;
    let starts = (0..columns).step_by(step);
    starts.map(move |start| start..columns.min(start + step))
}

struct Forward {
    rows: Rows,
    plane: *const f32,
    output: *mut f32,
}

impl PixelKernel for Forward {
    #[inline(always)]
    unsafe fn run<P: Pixel>(self) {
        for columns in pieces::<P>(self.rows.output[2]) {
            // SAFETY: as the caller promises; no index is written.
            unsafe {
                let best = self.output.add(columns.start * P::LANES);
                scan::<P, false>(&self.rows, self.plane, &columns, best, best);
            }
        }
    }
}

/// The maximum of each window; padding never wins. NaN wins over numbers, as in PyTorch.
///
/// # Panics
///
/// When the number of values is not that of the shape, or the window does not fit.
pub fn max_pool(isa: Isa, shape: MapShape, x: &[f32], window: Window) -> Buffer {
    assert_eq!(x.len(), shape.len());
    let fill = |values: Pointer| {
        each_output_row(shape, window, |rows, plane, start| {
            let kernel = Forward {
                rows,
                plane: x[plane * shape.plane_len()..][..shape.plane_len()].as_ptr(),
                // SAFETY: the row is within the output.
                output: unsafe { values.at(start) },
            };
            // SAFETY: each task writes its own row; the plane was sliced from the map.
            unsafe { run(isa, OnPixels(shape.layout, kernel)) };
        });
    };
    let result = shape.with_size(window.output_size(shape.extent.size));
    Buffer::filled_by(result.len(), fill)
}

/// Does work for each row of the output: with its windows, its plane and its first value.
fn each_output_row(
    shape: MapShape,
    window: Window,
    work: impl Fn(Rows, usize, usize) + Send + Sync,
) {
    let [z, y, x] = window.output_size(shape.extent.size);
    (0..shape.planes() * z * y)
        .into_par_iter()
        .for_each(|index| {
            let (plane, row) = (index / (z * y), index % (z * y));
            work(
                Rows::new(shape, window, row),
                plane,
                index * x * shape.lanes(),
            );
        });
}

/// The gradient of the input of [`max_pool`], `x`, from that of its output: each goes to the first
/// maximum of its window in the order Z, Y, X, which is found again.
///
/// # Panics
///
/// As [`max_pool`].
pub fn max_pool_backward(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    gradient: &[f32],
    window: Window,
) -> Buffer {
    let result = shape.with_size(window.output_size(shape.extent.size));
    assert_eq!(x.len(), shape.len());
    assert_eq!(gradient.len(), result.len());
    if window.kernel == window.stride && window.padding == [0; 3] {
        tiled_backward(isa, shape, x, gradient, window)
    } else {
        overlapping_backward(isa, shape, x, gradient, window)
    }
}

/// One output row of windows that do not overlap: writes all the input rows they cover, and the
/// pixels after the last window.
struct Tiled<'a> {
    rows: Rows,
    plane: *const f32,
    gradient: &'a [f32],
    result: *mut f32,
}

impl PixelKernel for Tiled<'_> {
    #[inline(always)]
    unsafe fn run<P: Pixel>(self) {
        let mut best = Tile([0.0; TILE]);
        let mut index = Tile([0.0; TILE]);
        let stride = self.rows.window.stride[2];
        for columns in pieces::<P>(self.rows.output[2]) {
            let (best, index) = (best.0.as_mut_ptr(), index.0.as_mut_ptr());
            // SAFETY: a piece fits the tiles; the rest is as the caller promises.
            unsafe {
                scan::<P, true>(&self.rows, self.plane, &columns, best, index);
                let gradient = self.gradient.as_ptr().add(columns.start * P::LANES);
                for (number, outputs, pixel) in self.rows.taps(&columns) {
                    let to = self.result.add(pixel * P::LANES);
                    for at in 0..outputs.len() {
                        let gradient = P::load(gradient.add(at * P::LANES));
                        let winner = P::load(index.add(at * P::LANES));
                        let value = P::where_same(winner, P::splat(number), gradient);
                        P::store(to.add(at * stride * P::LANES), value);
                    }
                }
            }
        }
        // SAFETY: the pixels are within the plane, and no other row's.
        unsafe { self.clear_rest(P::LANES) };
    }
}

impl Tiled<'_> {
    /// Sets the pixels to zero that no window covers and that follow this row's windows.
    ///
    /// # Safety
    ///
    /// `result` must be a plane of the input's size.
    #[inline(always)]
    unsafe fn clear_rest(&self, lanes: usize) {
        let [size_z, size_y, size_x] = self.rows.input;
        let [kernel_z, kernel_y, kernel_x] = self.rows.window.kernel;
        let [at_z, at_y] = self.rows.at;
        let is_last_y = at_y + 1 == self.rows.output[1];
        let is_last_z = at_z + 1 == self.rows.output[0];
        let clear = |z: usize, y: usize, x: usize, pixels: usize| {
            let start = ((z * size_y + y) * size_x + x) * lanes;
            // SAFETY: the callers below stay within the plane.
            unsafe { std::ptr::write_bytes(self.result.add(start), 0, pixels * lanes) };
        };
        let covered_x = self.rows.output[2] * kernel_x;
        let end_y = (at_y + 1) * kernel_y;
        for z in at_z * kernel_z..(at_z + 1) * kernel_z {
            for y in at_y * kernel_y..end_y {
                clear(z, y, covered_x, size_x - covered_x);
            }
            if is_last_y {
                clear(z, end_y, 0, (size_y - end_y) * size_x);
            }
        }
        if is_last_y && is_last_z {
            let end_z = (at_z + 1) * kernel_z;
            clear(end_z, 0, 0, (size_z - end_z) * size_y * size_x);
        }
    }
}

fn tiled_backward(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    gradient: &[f32],
    window: Window,
) -> Buffer {
    let fill = |values: Pointer| {
        each_output_row(shape, window, |rows, plane, start| {
            let first = plane * shape.plane_len();
            let kernel = Tiled {
                rows,
                plane: x[first..][..shape.plane_len()].as_ptr(),
                gradient: &gradient[start..][..rows.output[2] * shape.lanes()],
                // SAFETY: the plane is within the result.
                result: unsafe { values.at(first) },
            };
            // SAFETY: each task writes the pixels of its own windows and the rest after them; the
            // slices are as long as the kernel reads.
            unsafe { run(isa, OnPixels(shape.layout, kernel)) };
        });
    };
    Buffer::filled_by(shape.len(), fill)
}

/// The winners' numbers of one output row.
struct Winners {
    rows: Rows,
    plane: *const f32,
    index: *mut f32,
}

impl PixelKernel for Winners {
    #[inline(always)]
    unsafe fn run<P: Pixel>(self) {
        let mut best = Tile([0.0; TILE]);
        for columns in pieces::<P>(self.rows.output[2]) {
            // SAFETY: a piece fits the tile; the rest is as the caller promises.
            unsafe {
                let index = self.index.add(columns.start * P::LANES);
                scan::<P, true>(&self.rows, self.plane, &columns, best.0.as_mut_ptr(), index);
            }
        }
    }
}

/// One row of the input's gradient: what the windows over it send to its pixels.
struct Gather<'a> {
    window: Window,
    input: [usize; 3],
    output: [usize; 3],
    /// The row's indices along Z and Y.
    at: [usize; 2],
    /// Planes of the output.
    winners: &'a [f32],
    gradient: &'a [f32],
    result: *mut f32,
}

impl PixelKernel for Gather<'_> {
    #[inline(always)]
    unsafe fn run<P: Pixel>(self) {
        let Window {
            kernel,
            stride,
            padding,
        } = self.window;
        let [rows_z, rows_y] =
            [0, 1].map(|axis| self.window.covering(axis, self.output[axis], self.at[axis]));
        let columns = 0..self.output[2];
        // SAFETY: `covering` and `outputs_of` give windows that have this pixel.
        unsafe {
            std::ptr::write_bytes(self.result, 0, self.input[2] * P::LANES);
            for out_z in rows_z {
                let tap_z = self.at[0] + padding[0] - out_z * stride[0];
                for out_y in rows_y.clone() {
                    let tap_y = self.at[1] + padding[1] - out_y * stride[1];
                    for tap_x in 0..kernel[2] {
                        let number = ((tap_z * kernel[1] + tap_y) * kernel[2] + tap_x) as f32;
                        let outputs = self.window.outputs_of(tap_x, self.input[2], &columns);
                        let row = (out_z * self.output[1] + out_y) * self.output[2];
                        for out_x in outputs {
                            let from = (row + out_x) * P::LANES;
                            let pixel = out_x * stride[2] + tap_x - padding[2];
                            let to = self.result.add(pixel * P::LANES);
                            let winner = P::load(self.winners.as_ptr().add(from));
                            let gradient = P::load(self.gradient.as_ptr().add(from));
                            let share = P::where_same(winner, P::splat(number), gradient);
                            P::store(to, P::add(P::load(to), share));
                        }
                    }
                }
            }
        }
    }
}

/// Finds all winners first, so that each thread can gather rows of its own.
fn overlapping_backward(
    isa: Isa,
    shape: MapShape,
    x: &[f32],
    gradient: &[f32],
    window: Window,
) -> Buffer {
    let pooled = shape.with_size(window.output_size(shape.extent.size));
    let find = |values: Pointer| {
        each_output_row(shape, window, |rows, plane, start| {
            let kernel = Winners {
                rows,
                plane: x[plane * shape.plane_len()..][..shape.plane_len()].as_ptr(),
                // SAFETY: the row is within the output.
                index: unsafe { values.at(start) },
            };
            // SAFETY: each task writes its own row; the plane was sliced from the map.
            unsafe { run(isa, OnPixels(shape.layout, kernel)) };
        });
    };
    let winners = Buffer::filled_by(pooled.len(), find);

    let [z, y, row_len] = [0, 1, 2].map(|axis| shape.extent.size[axis]);
    let fill = |values: Pointer| {
        let rows = (0..shape.planes() * z * y).into_par_iter();
        rows.for_each(|index| {
            let (plane, row) = (index / (z * y), index % (z * y));
            let first = plane * pooled.plane_len();
            let kernel = Gather {
                window,
                input: shape.extent.size,
                output: pooled.extent.size,
                at: [row / y, row % y],
                winners: &winners.as_slice()[first..][..pooled.plane_len()],
                gradient: &gradient[first..][..pooled.plane_len()],
                // SAFETY: the row is within the result.
                result: unsafe { values.at(index * row_len * shape.lanes()) },
            };
            // SAFETY: each task writes its own row; the slices are planes.
            unsafe { run(isa, OnPixels(shape.layout, kernel)) };
        });
    };
    Buffer::filled_by(shape.len(), fill)
}
