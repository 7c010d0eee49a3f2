//! The windows of Swin transformers (Liu et al. 2021): which tokens are together in one, and where
//! they are relative to each other.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use coverslip_ops::{Regions, RowMap, take_rows};

/// A grid of tokens `[Z, Y, X]`, divided into windows of equal size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSettings {
    /// Tokens along `[Z, Y, X]`.
    pub grid: [usize; 3],
    /// Of a window along `[Z, Y, X]`. Along an axis that is no longer than that, one window holds
    /// the whole axis.
    pub window: [usize; 3],
    /// Whether windows begin in the middle of those without a shift. The grid is a ring then; tokens
    /// that are no neighbours except across its end hardly see each other.
    pub is_shifted: bool,
}

impl WindowSettings {
    /// The size of a window, not longer than the grid.
    fn clipped(&self) -> [usize; 3] {
        [0, 1, 2].map(|axis| self.window[axis].min(self.grid[axis]))
    }

    fn shift(&self) -> [usize; 3] {
        [0, 1, 2].map(|axis| {
            let moves = self.is_shifted && self.grid[axis] > self.window[axis];
            if moves { self.window[axis] / 2 } else { 0 }
        })
    }

    /// The size of the grid with tokens of zeros after its end, a multiple of the window.
    fn padded(&self) -> [usize; 3] {
        let window = self.clipped();
        [0, 1, 2].map(|axis| self.grid[axis].next_multiple_of(window[axis]))
    }
}

/// Divides tokens into windows and joins them again.
#[derive(Clone, Debug)]
pub struct Windows {
    /// Tokens of a window.
    pub tokens: usize,
    /// Which tokens of a window see each other; all when absent.
    pub regions: Option<Arc<Regions>>,
    into_windows: Arc<RowMap>,
    into_grid: Arc<RowMap>,
}

impl Windows {
    /// For batches of `images` grids.
    pub fn new(settings: WindowSettings, images: usize) -> Self {
        let (window, shift, padded) = (settings.clipped(), settings.shift(), settings.padded());
        let grid = settings.grid;
        let counts = [0, 1, 2].map(|axis| padded[axis] / window[axis]);
        let area: usize = grid.iter().product();
        let mut sources = Vec::with_capacity(padded.iter().product());
        let mut regions = Vec::with_capacity(sources.capacity());
        for first in positions(counts) {
            for within in positions(window) {
                let place = [0, 1, 2].map(|axis| first[axis] * window[axis] + within[axis]);
                let token = [0, 1, 2].map(|axis| (place[axis] + shift[axis]) % padded[axis]);
                let exists = (0..3).all(|axis| token[axis] < grid[axis]);
                sources.push(exists.then(|| index(token, grid)));
                let part = |axis| match padded[axis] - place[axis] {
                    _ if shift[axis] == 0 => 0,
                    left if left <= shift[axis] => 2,
                    left if left <= window[axis] => 1,
                    _ => 0,
                };
                regions.push(index([0, 1, 2].map(part), [3; 3]) as u8);
            }
        }
        let of_batch = (0..images).flat_map(|image| {
            let row = move |source: &Option<usize>| match source {
                Some(source) => (image * area + source) as u32,
                None => RowMap::ZERO,
            };
            sources.iter().map(row)
        });
        let into_windows = RowMap::new(of_batch.collect(), images * area);
        let has_regions = shift.iter().any(|&shift| shift > 0);
        Self {
            tokens: window.iter().product(),
            regions: has_regions.then(|| Arc::new(Regions::new(counts.iter().product(), regions))),
            into_grid: Arc::new(into_windows.inverse()),
            into_windows: Arc::new(into_windows),
        }
    }

    /// Tokens `[N, T, C]` of grids as windows `[N * windows, tokens, C]`.
    pub fn divide(&self, tokens: Tensor<3>) -> Tensor<3> {
        let [n, t, c] = tokens.dims();
        let rows = take_rows(tokens.reshape([n * t, c]), &self.into_windows);
        let windows = rows.dims()[0] / self.tokens;
        rows.reshape([windows, self.tokens, c])
    }

    /// The inverse of [`Self::divide`] for `images` grids.
    pub fn join(&self, windows: Tensor<3>, images: usize) -> Tensor<3> {
        let [w, t, c] = windows.dims();
        let rows = take_rows(windows.reshape([w * t, c]), &self.into_grid);
        let tokens = rows.dims()[0] / images;
        rows.reshape([images, tokens, c])
    }
}

/// How many relative positions there are in a window.
pub(super) fn relative_positions(window: [usize; 3]) -> usize {
    window.iter().map(|size| 2 * size - 1).product()
}

/// The number of the relative position of each pair of the first `tokens` tokens of a whole window,
/// `[tokens * tokens]`.
///
/// Where an image is smaller than the window, its tokens get the positions of the first tokens of a
/// whole window, not of those at the same place: so it is in the reference implementation, and the
/// weights are learned for it.
pub(super) fn relative_position_index(
    window: [usize; 3],
    tokens: usize,
    device: &Device,
) -> Tensor<1, Int> {
    let places: Vec<_> = positions(window).take(tokens).collect();
    let spans = window.map(|size| 2 * size - 1);
    let mut numbers = Vec::with_capacity(tokens * tokens);
    for query in &places {
        for key in &places {
            let apart = [0, 1, 2].map(|axis| query[axis] + window[axis] - 1 - key[axis]);
            numbers.push(index(apart, spans) as i32);
        }
    }
    let data = TensorData::new(numbers, [tokens * tokens]);
    Tensor::from_data(data, device)
}

/// All places of a grid, X fastest.
pub(super) fn positions([z, y, x]: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..z).flat_map(move |z| (0..y).flat_map(move |y| (0..x).map(move |x| [z, y, x])))
}

/// The number of a place of a grid.
pub(super) fn index(place: [usize; 3], grid: [usize; 3]) -> usize {
    (place[0] * grid[1] + place[1]) * grid[2] + place[2]
}
