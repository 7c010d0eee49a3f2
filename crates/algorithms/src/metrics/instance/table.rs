//! Which objects of prediction and truth overlap, and by how many pixels.

use std::collections::{BTreeMap, HashMap};

use ndarray::{ArrayView, Dimension};

use super::super::image::check_pair;
use crate::AlgorithmError;

/// An object of a label map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    /// Its label.
    pub label: u32,
    /// Its number of pixels.
    pub area: u64,
}

/// Two objects with common pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// Index into [`OverlapTable::truth`].
    pub truth: usize,
    /// Index into [`OverlapTable::prediction`].
    pub prediction: usize,
    /// Common pixels.
    pub intersection: u64,
}

/// Sparse table of overlaps; linear in the number of pixels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverlapTable {
    truth: Vec<Object>,
    prediction: Vec<Object>,
    overlaps: Vec<Overlap>,
    /// Pixels by true and predicted label, background included, in ascending order.
    cells: Vec<([u32; 2], u64)>,
}

impl OverlapTable {
    /// Counts the overlaps of two label maps.
    ///
    /// # Errors
    /// [`AlgorithmError::ShapeMismatch`].
    pub fn of<P: Copy + Into<u32>, T: Copy + Into<u32>, D: Dimension>(
        prediction: &ArrayView<'_, P, D>,
        truth: &ArrayView<'_, T, D>,
    ) -> Result<Self, AlgorithmError> {
        check_pair(prediction.shape(), truth.shape())?;
        let mut counts: HashMap<[u32; 2], u64> = HashMap::new();
        let (mut current, mut length) = ([0, 0], 0);
        for (&p, &t) in prediction.iter().zip(truth) {
            let pair = [t.into(), p.into()];
            if pair != current {
                *counts.entry(current).or_insert(0) += length;
                (current, length) = (pair, 0);
            }
            length += 1;
        }
        *counts.entry(current).or_insert(0) += length;
        let mut cells: Vec<_> = counts.into_iter().filter(|&(_, count)| count > 0).collect();
        cells.sort_unstable();
        Ok(Self::of_cells(cells))
    }

    /// The overlaps of an image, of which those of its parts are given.
    pub fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else {
            return Self::default();
        };
        let Some(second) = parts.next() else {
            return first;
        };
        let mut counts: BTreeMap<[u32; 2], u64> = first.cells.into_iter().collect();
        for (labels, count) in [second]
            .into_iter()
            .chain(parts)
            .flat_map(|part| part.cells)
        {
            *counts.entry(labels).or_insert(0) += count;
        }
        Self::of_cells(counts.into_iter().collect())
    }

    fn of_cells(cells: Vec<([u32; 2], u64)>) -> Self {
        let (truth, truth_index) = objects(&cells, 0);
        let (prediction, prediction_index) = objects(&cells, 1);
        let overlaps = cells.iter().filter_map(|&([t, p], intersection)| {
            let (truth, prediction) = (*truth_index.get(&t)?, *prediction_index.get(&p)?);
            Some(Overlap {
                truth,
                prediction,
                intersection,
            })
        });
        Self {
            overlaps: overlaps.collect(),
            truth,
            prediction,
            cells,
        }
    }

    /// True objects by ascending label.
    pub fn truth(&self) -> &[Object] {
        &self.truth
    }

    /// Predicted objects by ascending label.
    pub fn prediction(&self) -> &[Object] {
        &self.prediction
    }

    /// Pairs of objects with common pixels, by ascending true, then predicted label.
    pub fn overlaps(&self) -> &[Overlap] {
        &self.overlaps
    }

    /// Whether neither side has an object.
    pub fn is_empty(&self) -> bool {
        self.truth.is_empty() && self.prediction.is_empty()
    }

    /// Predicted minus true number of objects.
    pub fn count_difference(&self) -> i64 {
        self.prediction.len() as i64 - self.truth.len() as i64
    }

    pub(super) fn cells(&self) -> &[([u32; 2], u64)] {
        &self.cells
    }

    /// Pixels in either object of a pair.
    pub fn union(&self, overlap: &Overlap) -> u64 {
        self.truth[overlap.truth].area + self.prediction[overlap.prediction].area
            - overlap.intersection
    }

    /// Intersection over union of a pair. The quotient is the `f64` nearest to the exact ratio,
    /// as a threshold literal is to its decimal, so that 7/10 passes 0.7.
    pub fn iou(&self, overlap: &Overlap) -> f64 {
        overlap.intersection as f64 / self.union(overlap) as f64
    }
}

fn objects(cells: &[([u32; 2], u64)], side: usize) -> (Vec<Object>, HashMap<u32, usize>) {
    let mut areas: BTreeMap<u32, u64> = BTreeMap::new();
    for &(labels, count) in cells.iter().filter(|(labels, _)| labels[side] > 0) {
        *areas.entry(labels[side]).or_insert(0) += count;
    }
    let index = areas
        .keys()
        .enumerate()
        .map(|(index, &label)| (label, index))
        .collect();
    (
        areas
            .into_iter()
            .map(|(label, area)| Object { label, area })
            .collect(),
        index,
    )
}
