//! Local maxima.

use std::collections::HashMap;

use ndarray::{Array, ArrayView, Axis, Dimension, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::sample::Sample;

/// Local maxima of images of any number of axes, as scikit-image's `peak_local_max`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PeakLocalMax {
    /// A peak is greatest within this many pixels along every axis, and no other lies nearer.
    pub min_distance: usize,
    /// Peaks exceed this value; the image's least value without it.
    pub threshold: Option<f64>,
    /// Peaks exceed this share of the greatest value too.
    pub relative_threshold: Option<f64>,
    /// Peaks keep this many pixels from the edge; the minimum distance without it.
    pub exclude_border: Option<usize>,
    /// At most this many peaks, the highest.
    pub count: Option<usize>,
}

impl Default for PeakLocalMax {
    fn default() -> Self {
        Self {
            min_distance: 1,
            threshold: None,
            relative_threshold: None,
            exclude_border: None,
            count: None,
        }
    }
}

impl PeakLocalMax {
    /// Indices of the peaks in array order, highest first, equally high ones in raster order. A
    /// constant image has none. NaN is no peak.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a threshold that is NaN.
    pub fn apply<S: Sample, D: Dimension>(
        &self,
        values: &ArrayView<'_, S, D>,
    ) -> Result<Vec<Vec<usize>>, AlgorithmError> {
        for (name, threshold) in [
            ("threshold", self.threshold),
            ("relative threshold", self.relative_threshold),
        ] {
            if threshold.is_some_and(f64::is_nan) {
                return Err(AlgorithmError::parameter(name, f64::NAN, "a number"));
            }
        }
        let values = values.mapv(Sample::to_f64);
        let highest = greatest_within(&values, self.min_distance);
        let is_flat = self.min_distance > 0
            && values.len() > 1
            && values.iter().zip(&highest).all(|(a, b)| a == b);
        if is_flat {
            return Ok(Vec::new());
        }
        let mut peaks = self.candidates(&values, &highest);
        peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut kept = self.spaced(peaks.into_iter().map(|(_, index)| index).collect());
        kept.truncate(self.count.unwrap_or(usize::MAX));
        Ok(kept)
    }

    /// Maxima above the thresholds and away from the edge, with their values, in raster order.
    fn candidates<D: Dimension>(
        &self,
        values: &Array<f64, D>,
        highest: &Array<f64, D>,
    ) -> Vec<(f64, Vec<usize>)> {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let mut threshold = self.threshold.unwrap_or(least);
        if let Some(share) = self.relative_threshold {
            let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            threshold = threshold.max(share * greatest);
        }
        let margin = self.exclude_border.unwrap_or(self.min_distance);
        let shape = values.shape();
        let is_inside = |index: &[usize]| {
            let mut axes = index.iter().zip(shape);
            axes.all(|(&at, &length)| at >= margin && at + margin < length)
        };
        let mut index = vec![0; shape.len()];
        let mut found = Vec::new();
        for (&value, &highest) in values.iter().zip(highest) {
            if value == highest && value > threshold && is_inside(&index) {
                found.push((value, index.clone()));
            }
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        found
    }

    /// Leaves out peaks nearer than the minimum distance to one before them.
    fn spaced(&self, peaks: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
        let spacing = self.min_distance;
        if spacing < 2 {
            return peaks;
        }
        // Cells as wide as the distance: a near peak lies in the same cell or the next.
        let mut cells: HashMap<Vec<usize>, Vec<usize>> = HashMap::new();
        let mut kept: Vec<Vec<usize>> = Vec::new();
        for peak in peaks {
            let cell: Vec<usize> = peak.iter().map(|&at| at / spacing).collect();
            let is_near = |&other: &usize| {
                let mut axes = kept[other].iter().zip(&peak);
                axes.all(|(a, &b)| a.abs_diff(b) < spacing)
            };
            let around = cells_around(&cell);
            let mut near = around.iter().filter_map(|cell| cells.get(cell)).flatten();
            if near.any(is_near) {
                continue;
            }
            cells.entry(cell).or_default().push(kept.len());
            kept.push(peak);
        }
        kept
    }
}

fn cells_around(cell: &[usize]) -> Vec<Vec<usize>> {
    let mut around = vec![Vec::new()];
    for &at in cell {
        around = around
            .into_iter()
            .flat_map(|start: Vec<usize>| {
                (at.saturating_sub(1)..=at + 1).map(move |next| {
                    let mut cell = start.clone();
                    cell.push(next);
                    cell
                })
            })
            .collect();
    }
    around
}

/// The greatest value within `distance` pixels along every axis.
fn greatest_within<D: Dimension>(values: &Array<f64, D>, distance: usize) -> Array<f64, D> {
    let mut highest = values.clone();
    for axis in 0..values.ndim() {
        let reach = distance.min(values.shape()[axis]);
        Zip::from(highest.lanes_mut(Axis(axis))).par_for_each(|mut line| {
            let mut padded = vec![f64::NEG_INFINITY; line.len() + 2 * reach];
            for (padded, &value) in padded[reach..].iter_mut().zip(&line) {
                *padded = value;
            }
            let (mut covered, window) = (1, 2 * reach + 1);
            while covered < window {
                // Stretches of a power of two, the last one overlapping.
                let step = covered.min(window - covered);
                for at in 0..padded.len() - step {
                    padded[at] = padded[at].max(padded[at + step]);
                }
                covered += step;
            }
            for (value, &highest) in line.iter_mut().zip(&padded) {
                *value = highest;
            }
        });
    }
    highest
}

#[cfg(test)]
mod tests;
