//! The stages of a convolution on a run of consecutive tiles.
//!
//! Transformed tiles lie as `[36 frequencies][blocks][tiles][16]`, with an odd number of cache lines
//! from one frequency to the next, so that the 36 places of a tile fall into different sets of the
//! cache.

#![expect(
    clippy::needless_range_loop,
    reason = "iterators over arrays of vectors may stay functions without the instruction set"
)]

use std::mem::MaybeUninit;

use crate::{
    FusedActivation, LANES,
    maps::PartialMoments,
    simd::{Kernel, Simd},
};

use super::{
    grid::{Grid, Reading, Writing},
    transform::{self, FREQUENCIES, OUTPUTS, unrolled},
    weights::Panel,
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
                let start = [
                    place.y as isize + self.offset[1],
                    place.x as isize + self.offset[2],
                ];
                let mut copy = TileCopy::EMPTY;
                let tile = copy.tile::<S>(FREQUENCIES, plane, [height, width], start);
                for part in 0..S::PARTS {
                    let lane = part * (LANES / S::PARTS);
                    gather_input::<S::Part>(tile.at(lane), to.add(lane), self.stride);
                }
            }
        }
    }
}

/// # Safety
///
/// The processor must have the instruction set, the tile 6 x 6 pixels and `to` room for all
/// frequencies.
#[inline(always)]
unsafe fn gather_input<S: Simd>(tile: Tile, to: *mut f32, stride: usize) {
    // SAFETY: as the caller promises.
    unsafe {
        let columns = unrolled!(6, j => transform::input::<S>(
            unrolled!(6, i => S::load(tile.pixel(i, j)))
        ));
        for i in 0..FREQUENCIES {
            let row = transform::input::<S>(unrolled!(6, j => columns[j][i]));
            for j in 0..FREQUENCIES {
                S::store(to.add((i * FREQUENCIES + j) * stride), row[j]);
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
                let mut copy = TileCopy::EMPTY;
                let tile = copy.tile::<S>(OUTPUTS, plane, [height, width], start);
                for part in 0..S::PARTS {
                    let lane = part * (LANES / S::PARTS);
                    gather_gradient::<S::Part>(tile.at(lane), to.add(lane), self.stride);
                }
            }
        }
    }
}

/// # Safety
///
/// As [`gather_input`], with a tile of 4 x 4 pixels.
#[inline(always)]
unsafe fn gather_gradient<S: Simd>(tile: Tile, to: *mut f32, stride: usize) {
    // SAFETY: as the caller promises.
    unsafe {
        let columns = unrolled!(4, j => transform::gradient::<S>(
            unrolled!(4, i => S::load(tile.pixel(i, j)))
        ));
        for i in 0..FREQUENCIES {
            let row = transform::gradient::<S>(unrolled!(4, j => columns[j][i]));
            for j in 0..FREQUENCIES {
                S::store(to.add((i * FREQUENCIES + j) * stride), row[j]);
            }
        }
    }
}

/// Where the pixels of a tile are.
#[derive(Clone, Copy)]
struct Tile {
    corner: *const f32,
    /// Values from one row to the next.
    row: usize,
}

impl Tile {
    #[inline(always)]
    fn at(self, lane: usize) -> Self {
        Self {
            corner: self.corner.wrapping_add(lane),
            ..self
        }
    }

    #[inline(always)]
    fn pixel(self, i: usize, j: usize) -> *const f32 {
        self.corner.wrapping_add(i * self.row + j * LANES)
    }
}

/// Room for a tile at the edge of a plane, with zeros outside of it.
#[repr(align(64))]
struct TileCopy(MaybeUninit<[f32; AREA * LANES]>);

impl TileCopy {
    const EMPTY: Self = Self(MaybeUninit::uninit());

    /// The `side x side` pixels from `start` on: where they are, or copied.
    ///
    /// # Safety
    ///
    /// The processor must have the instruction set, and `plane` must have `size` pixels.
    #[inline(always)]
    unsafe fn tile<S: Simd>(
        &mut self,
        side: usize,
        plane: *const f32,
        size: [usize; 2],
        start: [isize; 2],
    ) -> Tile {
        let [height, width] = size;
        let [y, x] = start;
        if y >= 0 && x >= 0 && y as usize + side <= height && x as usize + side <= width {
            return Tile {
                corner: plane.wrapping_add((y as usize * width + x as usize) * LANES),
                row: width * LANES,
            };
        }
        let copy = self.0.as_mut_ptr().cast::<f32>();
        for i in 0..side {
            let y = y + i as isize;
            for j in 0..side {
                let x = x + j as isize;
                let is_inside = y >= 0 && (y as usize) < height && x >= 0 && (x as usize) < width;
                // SAFETY: only pixels of the plane are read; the copy has room for 6 x 6.
                unsafe {
                    let pixel = if is_inside {
                        S::load(plane.add((y as usize * width + x as usize) * LANES))
                    } else {
                        S::zero()
                    };
                    S::store(copy.add((i * side + j) * LANES), pixel);
                }
            }
        }
        Tile {
            corner: copy,
            row: side * LANES,
        }
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
    pub(super) weights: Panel,
    /// `[36][outer][tiles][16]`.
    pub(super) product: *mut f32,
    pub(super) product_stride: usize,
    pub(super) run: Run,
    /// Blocks to sum over.
    pub(super) inner: usize,
    /// Output blocks.
    pub(super) outer: usize,
    /// Whether the products are added to those that are there.
    pub(super) is_sum: bool,
}

impl Kernel for Multiply {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let row = self.run.room * LANES;
        for frequency in 0..AREA {
            for outer in (0..self.outer).step_by(S::WIDTH) {
                let width = S::WIDTH.min(self.outer - outer);
                // SAFETY: all indices are inside the scratch and the weights, whose sizes follow
                // from the same numbers.
                unsafe {
                    let weights = self
                        .weights
                        .values
                        .add(frequency * self.weights.stride + outer * self.weights.outer_stride);
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
                            (input, weights, product, self.inner, row, self.is_sum)
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
    is_sum: bool,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut sums = [[S::zero(); BLOCKS]; PIXELS];
        if is_sum {
            for (pixel, sums) in sums.iter_mut().enumerate() {
                for (part, sum) in sums.iter_mut().enumerate() {
                    *sum = S::load(product.add(part * row + pixel * LANES));
                }
            }
        }
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
    /// Whether this is the first run, so that the weights hold nothing yet.
    pub(super) is_first: bool,
}

impl Kernel for MultiplyGradient {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let row = self.run.room * LANES;
        for frequency in 0..AREA {
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
        for index in 0..self.run.count {
            let place = self.grid.place(self.run.first + index);
            let size = [OUTPUTS.min(height - place.y), OUTPUTS.min(width - place.x)];
            // SAFETY: the scratch holds the run's tiles; pixels are written only inside their plane,
            // and each belongs to one tile.
            unsafe {
                let from = self.from.add(index * LANES);
                let to = self.map.plane(place.image, self.block, place.z);
                let to = to.add((place.y * width + place.x) * LANES);
                let mut sums = self
                    .sums
                    .as_mut()
                    .map(|sums| &mut sums[place.image - first_image]);
                for part in 0..S::PARTS {
                    let lane = part * (LANES / S::PARTS);
                    self.finish.scatter::<S::Part>(
                        from.add(lane),
                        to.add(lane),
                        [self.stride, width * LANES],
                        size,
                        lane,
                        sums.as_deref_mut(),
                    );
                }
                if let Some(sums) = sums {
                    sums.count += size[0] * size[1];
                }
            }
        }
    }
}

impl Finish<'_> {
    /// Transforms a tile back and writes its first `size` rows and columns: the lanes from `lane` on.
    ///
    /// # Safety
    ///
    /// The processor must have the instruction set, and all these places must exist.
    #[inline(always)]
    unsafe fn scatter<S: Simd>(
        &self,
        from: *const f32,
        to: *mut f32,
        [stride, row_step]: [usize; 2],
        size: [usize; 2],
        lane: usize,
        sums: Option<&mut ShiftedSums>,
    ) {
        // SAFETY: as the caller promises.
        unsafe {
            let columns = unrolled!(6, j => transform::output::<S>(
                unrolled!(6, i => S::load(from.add((i * FREQUENCIES + j) * stride)))
            ));
            let bias = match self.bias {
                Some(bias) => S::load(bias.as_ptr().add(lane)),
                None => S::zero(),
            };
            let mut tile = [[S::zero(); OUTPUTS]; OUTPUTS];
            for i in 0..OUTPUTS {
                let row = transform::output::<S>(unrolled!(6, j => columns[j][i]));
                for j in 0..OUTPUTS {
                    let mut value = self.activation.apply::<S>(S::add(row[j], bias));
                    if let Some(channels) = self.channels {
                        let channels = S::load(channels.as_ptr().add(lane));
                        value = S::where_positive(channels, value, S::zero());
                    }
                    tile[i][j] = value;
                    if i < size[0] && j < size[1] {
                        S::store(to.add(i * row_step + j * LANES), value);
                    }
                }
            }
            if let Some(sums) = sums {
                sums.add::<S>(&tile, size, lane);
            }
        }
    }
}

impl ShiftedSums {
    /// Adds the first `size` rows and columns of a tile to the lanes from `lane` on; not to the count.
    ///
    /// # Safety
    ///
    /// The processor must have the instruction set, and the lanes must exist.
    #[inline(always)]
    unsafe fn add<S: Simd>(
        &mut self,
        tile: &[[S::Vector; OUTPUTS]; OUTPUTS],
        size: [usize; 2],
        lane: usize,
    ) {
        // SAFETY: the arrays have sixteen values.
        unsafe {
            if self.count == 0 {
                S::store(self.shift.as_mut_ptr().add(lane), tile[0][0]);
            }
            let shift = S::load(self.shift.as_ptr().add(lane));
            // A sum for each column, so that additions do not wait for each other.
            let mut sums = [S::zero(); OUTPUTS];
            let mut squares = [S::zero(); OUTPUTS];
            for i in 0..OUTPUTS {
                for j in 0..OUTPUTS {
                    if i < size[0] && j < size[1] {
                        let difference = S::sub(tile[i][j], shift);
                        sums[j] = S::add(sums[j], difference);
                        squares[j] = S::mul_add(difference, difference, squares[j]);
                    }
                }
            }
            let sum = S::add(S::load(self.sum.as_ptr().add(lane)), total::<S>(sums));
            let squares = S::add(
                S::load(self.squares.as_ptr().add(lane)),
                total::<S>(squares),
            );
            S::store(self.sum.as_mut_ptr().add(lane), sum);
            S::store(self.squares.as_mut_ptr().add(lane), squares);
        }
    }
}

/// # Safety
///
/// The processor must have the instruction set.
#[inline(always)]
unsafe fn total<S: Simd>([a, b, c, d]: [S::Vector; OUTPUTS]) -> S::Vector {
    // SAFETY: as the caller promises.
    unsafe { S::add(S::add(a, b), S::add(c, d)) }
}
