//! Places sorted into boxes, so that those near another are found without looking at all.

use super::embedding::{Neighbourhood, Place};

/// Places in a box, on average.
const PER_CELL: f64 = 8.0;
/// Boxes along an axis, at most.
const MOST_CELLS: f64 = 1024.0;

/// A regular grid of boxes over all places.
pub(super) struct Index<'a> {
    places: &'a [Place],
    lower: [f64; 3],
    /// Boxes per unit of length.
    density: [f64; 3],
    /// Boxes along x, y and z.
    cells: [usize; 3],
    /// First place of each box in `order`, and the end of the last.
    starts: Vec<usize>,
    /// Places by box, x running fastest.
    order: Vec<usize>,
}

impl<'a> Index<'a> {
    pub(super) fn new(places: &'a [Place]) -> Self {
        let bound = |axis: usize, pick: fn(f64, f64) -> f64, start: f64| {
            let along = places.iter().map(|place| f64::from(place[axis]));
            along.fold(start, pick)
        };
        let lower = [0, 1, 2].map(|axis| bound(axis, f64::min, f64::INFINITY));
        let upper = [0, 1, 2].map(|axis| bound(axis, f64::max, f64::NEG_INFINITY));
        let length = [0, 1, 2].map(|axis| (upper[axis] - lower[axis]).max(0.0));
        let cells = cells(length, places.len());
        let density = [0, 1, 2].map(|axis| {
            let density = cells[axis] as f64 / length[axis];
            if density.is_finite() { density } else { 0.0 }
        });
        let mut index = Self {
            places,
            lower,
            density,
            cells,
            starts: Vec::new(),
            order: Vec::new(),
        };
        index.sort();
        index
    }

    /// Sorts the places by box, by counting.
    fn sort(&mut self) {
        let boxes: Vec<usize> = self
            .places
            .iter()
            .map(|place| self.number(place.map(f64::from)))
            .collect();
        let mut starts = vec![0; self.cells.iter().product::<usize>() + 1];
        for &number in &boxes {
            starts[number + 1] += 1;
        }
        for number in 1..starts.len() {
            starts[number] += starts[number - 1];
        }
        let mut next = starts.clone();
        self.order = vec![0; self.places.len()];
        for (place, &number) in boxes.iter().enumerate() {
            self.order[next[number]] = place;
            next[number] += 1;
        }
        self.starts = starts;
    }

    /// The box along an axis of a coordinate; beyond the last or first box it is that one.
    fn cell(&self, axis: usize, at: f64) -> usize {
        let cell = (at - self.lower[axis]) * self.density[axis];
        (cell as usize).min(self.cells[axis] - 1)
    }

    fn number(&self, place: [f64; 3]) -> usize {
        let [x, y, z] = [0, 1, 2].map(|axis| self.cell(axis, place[axis]));
        (z * self.cells[1] + y) * self.cells[0] + x
    }

    /// Puts the places of a neighbourhood into `found`, in no particular order.
    pub(super) fn find(&self, neighbourhood: Neighbourhood, found: &mut Vec<usize>) {
        found.clear();
        if self.places.is_empty() {
            return;
        }
        let [lower, upper] = neighbourhood
            .bounds()
            .map(|corner| [0, 1, 2].map(|axis| self.cell(axis, corner[axis])));
        for z in lower[2]..=upper[2] {
            for y in lower[1]..=upper[1] {
                let row = (z * self.cells[1] + y) * self.cells[0];
                let candidates = self.starts[row + lower[0]]..self.starts[row + upper[0] + 1];
                let candidates = self.order[candidates].iter().copied();
                found
                    .extend(candidates.filter(|&place| neighbourhood.contains(self.places[place])));
            }
        }
    }
}

/// Boxes along each axis for `count` places spread over a box of a `length`.
fn cells(length: [f64; 3], count: usize) -> [usize; 3] {
    let used: Vec<f64> = length.into_iter().filter(|&length| length > 0.0).collect();
    let volume: f64 = used.iter().product();
    let edge = (volume * PER_CELL / count.max(1) as f64).powf(1.0 / used.len().max(1) as f64);
    length.map(|length| (length / edge).clamp(1.0, MOST_CELLS) as usize)
}
