//! The stages of a convolution on a run of consecutive tiles.
//!
//! Transformed tiles lie as `[36 frequencies][blocks][tiles][16]`, with an odd number of cache lines
//! from one frequency to the next, so that the 36 places of a tile fall into different sets of the
//! cache.

use crate::{
    FusedActivation, LANES,
    maps::PartialMoments,
    simd::{Kernel, Simd},
};

use super::{
    grid::{Grid, Reading, Writing},
    transform::{self, FREQUENCIES, OUTPUTS},
};

/// Frequencies of a tile.
pub(super) const AREA: usize = FREQUENCIES * FREQUENCIES;

/// Values from one frequency to the next for runs of up to `tiles` tiles.
pub(super) fn frequency_stride(blocks: usize, tiles: usize) -> usize {
    (blocks * tiles * LANES + LANES) | LANES
}

/// A run of tiles.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// The number of the first tile.
    pub(super) first: usize,
    pub(super) count: usize,
    /// Tiles that the scratch has room for.
    pub(super) room: usize,
}

/// Transforms the 6 x 6 input pixels around each tile of a run, one block of channels.
pub(super) struct GatherInput<'a> {
    pub(super) map: &'a Reading<'a>,
    pub(super) grid: &'a Grid,
    pub(super) run: Run,
    /// The block of channels.
    pub(super) block: usize,
    /// Input planes, rows and columns from an output pixel to its first tap, from the tap's plane on.
    pub(super) offset: [isize; 3],
    /// Sizes of the input `[Z, Y, X]`.
    pub(super) size: [usize; 3],
    /// Where the block's tiles of frequency 0 go.
    pub(super) to: *mut f32,
    pub(super) stride: usize,
}

impl Kernel for GatherInput<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let [depth, height, width] = self.size;
        for index in 0..self.run.count {
            let place = self.grid.place(self.run.first + index);
            let z = place.z as isize + self.offset[0];
            // SAFETY: the scratch has room for `run.room` tiles in each frequency; pixels are read
            // only inside the plane.
            unsafe {
                let to = self.to.add(index * LANES);
                if z < 0 || z as usize >= depth {
                    for frequency in 0..AREA {
                        S::store(to.add(frequency * self.stride), S::zero());
                    }
                    continue;
                }
                let plane = self.map.plane(place.image, self.block, z as usize);
                let y = place.y as isize + self.offset[1];
                let x = place.x as isize + self.offset[2];
                let tile = read_tile::<S, FREQUENCIES>(plane, [height, width], [y, x]);
                let mut columns = [[S::zero(); FREQUENCIES]; FREQUENCIES];
                for (column, pixels) in columns.iter_mut().zip(tile) {
                    *column = transform::input::<S>(pixels);
                }
                for i in 0..FREQUENCIES {
                    let row = transform::input::<S>(columns.map(|column| column[i]));
                    for (j, value) in row.into_iter().enumerate() {
                        S::store(to.add((i * FREQUENCIES + j) * self.stride), value);
                    }
                }
            }
        }
    }
}

/// Transforms the 4 x 4 gradients of each tile of a run, one block of channels.
pub(super) struct GatherGradient<'a> {
    pub(super) map: &'a Reading<'a>,
    pub(super) grid: &'a Grid,
    pub(super) run: Run,
    pub(super) block: usize,
    pub(super) to: *mut f32,
    pub(super) stride: usize,
}

impl Kernel for GatherGradient<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let [_, height, width] = self.grid.extent.size;
        for index in 0..self.run.count {
            let place = self.grid.place(self.run.first + index);
            // SAFETY: as for the input.
            unsafe {
                let to = self.to.add(index * LANES);
                let plane = self.map.plane(place.image, self.block, place.z);
                let start = [place.y as isize, place.x as isize];
                let tile = read_tile::<S, OUTPUTS>(plane, [height, width], start);
                let mut columns = [[S::zero(); FREQUENCIES]; OUTPUTS];
                for (column, pixels) in columns.iter_mut().zip(tile) {
                    *column = transform::gradient::<S>(pixels);
                }
                for i in 0..FREQUENCIES {
                    let row = transform::gradient::<S>(columns.map(|column| column[i]));
                    for (j, value) in row.into_iter().enumerate() {
                        S::store(to.add((i * FREQUENCIES + j) * self.stride), value);
                    }
                }
            }
        }
    }
}

/// The `SIDE x SIDE` pixels from `start` on, column by column; zeros outside the plane.
///
/// # Safety
///
/// The processor must have the instruction set, and `plane` must have `size` pixels.
#[inline(always)]
unsafe fn read_tile<S: Simd, const SIDE: usize>(
    plane: *const f32,
    size: [usize; 2],
    start: [isize; 2],
) -> [[S::Vector; SIDE]; SIDE] {
    let [height, width] = size;
    let [y, x] = start;
    let is_inside = y >= 0 && x >= 0 && y as usize + SIDE <= height && x as usize + SIDE <= width;
    // SAFETY: only pixels of the plane are read.
    unsafe {
        let mut tile = [[S::zero(); SIDE]; SIDE];
        if is_inside {
            let corner = plane.add((y as usize * width + x as usize) * LANES);
            for (j, column) in tile.iter_mut().enumerate() {
                for (i, pixel) in column.iter_mut().enumerate() {
                    *pixel = S::load(corner.add((i * width + j) * LANES));
                }
            }
            return tile;
        }
        for (j, column) in tile.iter_mut().enumerate() {
            let x = x + j as isize;
            if x < 0 || x as usize >= width {
                continue;
            }
            for (i, pixel) in column.iter_mut().enumerate() {
                let y = y + i as isize;
                if y >= 0 && (y as usize) < height {
                    *pixel = S::load(plane.add((y as usize * width + x as usize) * LANES));
                }
            }
        }
        tile
    }
}

/// Calls a function that is generic over the pixels of a register tile and its output blocks.
macro_rules! with_tile {
    ($pixels:expr, $blocks:expr, $function:ident, $simd:ident, $arguments:tt) => {
        match ($pixels, $blocks) {
            (1, 1) => with_tile!(@call $function, $simd, 1, 1, $arguments),
            (2, 1) => with_tile!(@call $function, $simd, 2, 1, $arguments),
            (3, 1) => with_tile!(@call $function, $simd, 3, 1, $arguments),
            (4, 1) => with_tile!(@call $function, $simd, 4, 1, $arguments),
            (5, 1) => with_tile!(@call $function, $simd, 5, 1, $arguments),
            (6, 1) => with_tile!(@call $function, $simd, 6, 1, $arguments),
            (7, 1) => with_tile!(@call $function, $simd, 7, 1, $arguments),
            (8, 1) => with_tile!(@call $function, $simd, 8, 1, $arguments),
            (9, 1) => with_tile!(@call $function, $simd, 9, 1, $arguments),
            (10, 1) => with_tile!(@call $function, $simd, 10, 1, $arguments),
            (11, 1) => with_tile!(@call $function, $simd, 11, 1, $arguments),
            (12, 1) => with_tile!(@call $function, $simd, 12, 1, $arguments),
            (13, 1) => with_tile!(@call $function, $simd, 13, 1, $arguments),
            (14, 1) => with_tile!(@call $function, $simd, 14, 1, $arguments),
            (1, 2) => with_tile!(@call $function, $simd, 1, 2, $arguments),
            (2, 2) => with_tile!(@call $function, $simd, 2, 2, $arguments),
            (3, 2) => with_tile!(@call $function, $simd, 3, 2, $arguments),
            (4, 2) => with_tile!(@call $function, $simd, 4, 2, $arguments),
            (5, 2) => with_tile!(@call $function, $simd, 5, 2, $arguments),
            (6, 2) => with_tile!(@call $function, $simd, 6, 2, $arguments),
            (7, 2) => with_tile!(@call $function, $simd, 7, 2, $arguments),
            (8, 2) => with_tile!(@call $function, $simd, 8, 2, $arguments),
            (9, 2) => with_tile!(@call $function, $simd, 9, 2, $arguments),
            (10, 2) => with_tile!(@call $function, $simd, 10, 2, $arguments),
            (11, 2) => with_tile!(@call $function, $simd, 11, 2, $arguments),
            (12, 2) => with_tile!(@call $function, $simd, 12, 2, $arguments),
            (13, 2) => with_tile!(@call $function, $simd, 13, 2, $arguments),
            (14, 2) => with_tile!(@call $function, $simd, 14, 2, $arguments),
            _ => unreachable!("no register tile has {} pixels", $pixels),
        }
    };
    (@call $function:ident, $simd:ident, $pixels:literal, $blocks:literal, ($($argument:expr),*)) => {
        $function::<$simd, $pixels, $blocks>($($argument),*)
    };
}

/// Cuts `count` into near-equal pieces of at most `most`: start and length of each.
#[inline(always)]
pub(super) fn pieces(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let number = count.div_ceil(most);
    let (length, longer) = (count / number.max(1), count % number.max(1));
    (0..number).map(move |piece| {
        let start = piece * length + piece.min(longer);
        (start, length + usize::from(piece < longer))
    })
}

/// Multiplies transformed input by transformed weights, for some frequencies and output blocks.
pub(super) struct Multiply {
    /// `[36][inner][tiles][16]`.
    pub(super) input: *const f32,
    pub(super) input_stride: usize,
    /// `[36][output groups][inner][16][width * 16]`.
    pub(super) weights: *const f32,
    pub(super) weights_stride: usize,
    /// `[36][outer][tiles][16]`.
    pub(super) product: *mut f32,
    pub(super) product_stride: usize,
    pub(super) run: Run,
    /// Blocks to sum over.
    pub(super) inner: usize,
    /// Output blocks.
    pub(super) outer: usize,
    /// First and past-the-end frequency.
    pub(super) frequencies: [usize; 2],
}

impl Kernel for Multiply {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let row = self.run.room * LANES;
        for frequency in self.frequencies[0]..self.frequencies[1] {
            for outer in (0..self.outer).step_by(S::WIDTH) {
                let width = S::WIDTH.min(self.outer - outer);
                // SAFETY: all indices are inside the scratch and the weights, whose sizes follow
                // from the same numbers.
                unsafe {
                    let weights = self
                        .weights
                        .add(frequency * self.weights_stride + outer * self.inner * LANES * LANES);
                    let input = self.input.add(frequency * self.input_stride);
                    let product = self
                        .product
                        .add(frequency * self.product_stride + outer * row);
                    for (start, pixels) in pieces(self.run.count, S::TILE) {
                        let input = input.add(start * LANES);
                        let product = product.add(start * LANES);
                        with_tile!(
                            pixels,
                            width,
                            multiply_tile,
                            S,
                            (input, weights, product, self.inner, row)
                        );
                    }
                }
            }
        }
    }
}

/// # Safety
///
/// The processor must have the instruction set, and the pointers room for the sizes.
#[inline(always)]
unsafe fn multiply_tile<S: Simd, const PIXELS: usize, const BLOCKS: usize>(
    input: *const f32,
    weights: *const f32,
    product: *mut f32,
    inner: usize,
    row: usize,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut sums = [[S::zero(); BLOCKS]; PIXELS];
        for block in 0..inner {
            let input = input.add(block * row);
            let weights = weights.add(block * LANES * LANES * BLOCKS);
            for lane in 0..LANES {
                let mut taps = [S::zero(); BLOCKS];
                for (part, tap) in taps.iter_mut().enumerate() {
                    *tap = S::load(weights.add((lane * BLOCKS + part) * LANES));
                }
                for (pixel, sums) in sums.iter_mut().enumerate() {
                    let value = S::splat(*input.add(pixel * LANES + lane));
                    for (sum, &tap) in sums.iter_mut().zip(&taps) {
                        *sum = S::mul_add(value, tap, *sum);
                    }
                }
            }
        }
        for (pixel, sums) in sums.iter().enumerate() {
            for (part, &sum) in sums.iter().enumerate() {
                S::store(product.add(part * row + pixel * LANES), sum);
            }
        }
    }
}

/// Adds the products of transformed input and transformed gradients to the gradients of the
/// transformed weights, for some frequencies.
pub(super) struct MultiplyGradient {
    /// `[36][inner][tiles][16]`.
    pub(super) input: *const f32,
    pub(super) input_stride: usize,
    /// `[36][outer][tiles][16]`.
    pub(super) gradient: *const f32,
    pub(super) gradient_stride: usize,
    /// `[36][outer][inner][16 input channels][16 output channels]`.
    pub(super) weights: *mut f32,
    pub(super) weights_stride: usize,
    pub(super) run: Run,
    pub(super) inner: usize,
    pub(super) outer: usize,
    pub(super) frequencies: [usize; 2],
    /// Whether this is the first run, so that the weights hold nothing yet.
    pub(super) is_first: bool,
}

impl Kernel for MultiplyGradient {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let row = self.run.room * LANES;
        for frequency in self.frequencies[0]..self.frequencies[1] {
            for outer in (0..self.outer).step_by(S::WIDTH) {
                for inner in 0..self.inner {
                    // SAFETY: all indices are inside the scratch and the weights.
                    unsafe {
                        let input = self.input.add(frequency * self.input_stride + inner * row);
                        let gradient = self
                            .gradient
                            .add(frequency * self.gradient_stride + outer * row);
                        let weights = self.weights.add(
                            frequency * self.weights_stride
                                + (outer * self.inner + inner) * LANES * LANES,
                        );
                        let far = self.inner * LANES * LANES;
                        let first = self.is_first;
                        for lane in (0..LANES).step_by(S::GRADIENT_ROWS) {
                            let input = input.add(lane);
                            let weights = weights.add(lane * LANES);
                            let count = self.run.count;
                            match (S::GRADIENT_ROWS, S::WIDTH.min(self.outer - outer)) {
                                (8, 2) => gradient_rows::<S, 8, 2>(
                                    input, gradient, row, weights, far, count, first,
                                ),
                                (8, _) => gradient_rows::<S, 8, 1>(
                                    input, gradient, row, weights, far, count, first,
                                ),
                                _ => gradient_rows::<S, 4, 1>(
                                    input, gradient, row, weights, far, count, first,
                                ),
                            }
                        }
                    }
                }
            }
        }
    }
}

/// # Safety
///
/// The processor must have the instruction set, and the pointers room for the sizes.
#[inline(always)]
unsafe fn gradient_rows<S: Simd, const ROWS: usize, const BLOCKS: usize>(
    input: *const f32,
    gradient: *const f32,
    gradient_row: usize,
    weights: *mut f32,
    far: usize,
    count: usize,
    is_first: bool,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut sums = [[S::zero(); BLOCKS]; ROWS];
        if !is_first {
            for (lane, sums) in sums.iter_mut().enumerate() {
                for (part, sum) in sums.iter_mut().enumerate() {
                    *sum = S::load(weights.add(part * far + lane * LANES));
                }
            }
        }
        for pixel in 0..count {
            let mut values = [S::zero(); BLOCKS];
            for (part, value) in values.iter_mut().enumerate() {
                *value = S::load(gradient.add(part * gradient_row + pixel * LANES));
            }
            for (lane, sums) in sums.iter_mut().enumerate() {
                let input = S::splat(*input.add(pixel * LANES + lane));
                for (sum, &value) in sums.iter_mut().zip(&values) {
                    *sum = S::mul_add(input, value, *sum);
                }
            }
        }
        for (lane, sums) in sums.iter().enumerate() {
            for (part, &sum) in sums.iter().enumerate() {
                S::store(weights.add(part * far + lane * LANES), sum);
            }
        }
    }
}

/// What happens to output pixels before they are written.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a> {
    /// Sixteen values of the block, zero in lanes without a channel.
    pub(super) bias: Option<&'a [f32]>,
    pub(super) activation: FusedActivation,
    /// Positive for the lanes that are a channel; `None` where all are. A NaN of the input times the
    /// zero weights of the others would otherwise reach them.
    pub(super) channels: Option<&'a [f32; LANES]>,
}

/// Transforms products back and writes the pixels of a run, one block of channels.
pub(super) struct Scatter<'a> {
    /// Where the block's tiles of frequency 0 begin.
    pub(super) from: *const f32,
    pub(super) stride: usize,
    pub(super) map: &'a Writing,
    pub(super) grid: &'a Grid,
    pub(super) run: Run,
    pub(super) block: usize,
    pub(super) finish: Finish<'a>,
    /// Sums of the pixels of each image that the run touches, from the first one on.
    pub(super) sums: Option<&'a mut [ShiftedSums]>,
}

/// Sums of values minus the first one, so that a large mean does not swallow the variance.
#[derive(Clone, Copy)]
pub(super) struct ShiftedSums {
    pub(super) count: usize,
    pub(super) shift: [f32; LANES],
    pub(super) sum: [f32; LANES],
    pub(super) squares: [f32; LANES],
}

impl ShiftedSums {
    pub(super) const EMPTY: Self = Self {
        count: 0,
        shift: [0.0; LANES],
        sum: [0.0; LANES],
        squares: [0.0; LANES],
    };

    /// Mean and sum of squared deviations of each lane.
    pub(super) fn moments(&self) -> PartialMoments {
        let count = self.count.max(1) as f64;
        let mean = |lane: usize| f64::from(self.sum[lane]) / count;
        PartialMoments {
            count: self.count,
            mean: std::array::from_fn(|lane| f64::from(self.shift[lane]) + mean(lane)),
            m2: std::array::from_fn(|lane| {
                let squares = f64::from(self.squares[lane]);
                (squares - f64::from(self.sum[lane]) * mean(lane)).max(0.0)
            }),
        }
    }
}

impl Kernel for Scatter<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        let [_, height, width] = self.grid.extent.size;
        let first_image = self.grid.place(self.run.first).image;
        // SAFETY: the scratch holds the run's tiles; pixels are written only inside their plane, and
        // each belongs to one tile.
        unsafe {
            let bias = self
                .finish
                .bias
                .map_or(S::zero(), |bias| S::load(bias.as_ptr()));
            for index in 0..self.run.count {
                let place = self.grid.place(self.run.first + index);
                let from = self.from.add(index * LANES);
                let mut rows = [[S::zero(); FREQUENCIES]; OUTPUTS];
                for j in 0..FREQUENCIES {
                    let mut column = [S::zero(); FREQUENCIES];
                    for (i, value) in column.iter_mut().enumerate() {
                        *value = S::load(from.add((i * FREQUENCIES + j) * self.stride));
                    }
                    for (row, value) in rows.iter_mut().zip(transform::output::<S>(column)) {
                        row[j] = value;
                    }
                }
                let to = self
                    .map
                    .plane(place.image, self.block, place.z)
                    .add((place.y * width + place.x) * LANES);
                let mut sums = TileSums::<S>::start(&self.sums, place.image - first_image);
                for (i, row) in rows.into_iter().enumerate() {
                    if place.y + i >= height {
                        break;
                    }
                    let row = transform::output::<S>(row);
                    for (j, value) in row.into_iter().enumerate() {
                        if place.x + j >= width {
                            break;
                        }
                        let mut value = self.finish.activation.apply::<S>(S::add(value, bias));
                        if let Some(channels) = self.finish.channels {
                            let channels = S::load(channels.as_ptr());
                            value = S::where_positive(channels, value, S::zero());
                        }
                        S::store(to.add((i * width + j) * LANES), value);
                        sums.add(value);
                    }
                }
                if let Some(all) = &mut self.sums {
                    sums.end(&mut all[place.image - first_image]);
                }
            }
        }
    }
}

/// The sums of one tile, in registers.
struct TileSums<S: Simd> {
    count: usize,
    has_shift: bool,
    shift: S::Vector,
    sum: S::Vector,
    squares: S::Vector,
}

impl<S: Simd> TileSums<S> {
    /// # Safety
    ///
    /// The processor must have the instruction set; also of the methods below.
    #[inline(always)]
    unsafe fn start(all: &Option<&mut [ShiftedSums]>, image: usize) -> Self {
        // SAFETY: the array has sixteen values.
        unsafe {
            let (has_shift, shift) = match all {
                Some(sums) => (sums[image].count > 0, S::load(sums[image].shift.as_ptr())),
                None => (true, S::zero()),
            };
            Self {
                count: 0,
                has_shift,
                shift,
                sum: S::zero(),
                squares: S::zero(),
            }
        }
    }

    #[inline(always)]
    unsafe fn add(&mut self, value: S::Vector) {
        // SAFETY: as the caller promises.
        unsafe {
            if !self.has_shift {
                self.shift = value;
                self.has_shift = true;
            }
            let difference = S::sub(value, self.shift);
            self.count += 1;
            self.sum = S::add(self.sum, difference);
            self.squares = S::mul_add(difference, difference, self.squares);
        }
    }

    #[inline(always)]
    unsafe fn end(self, all: &mut ShiftedSums) {
        // SAFETY: the arrays have sixteen values.
        unsafe {
            all.count += self.count;
            S::store(all.shift.as_mut_ptr(), self.shift);
            let sum = S::add(S::load(all.sum.as_ptr()), self.sum);
            S::store(all.sum.as_mut_ptr(), sum);
            let squares = S::add(S::load(all.squares.as_ptr()), self.squares);
            S::store(all.squares.as_mut_ptr(), squares);
        }
    }
}
