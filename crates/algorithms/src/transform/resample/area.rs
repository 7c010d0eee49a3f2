//! OpenCV's `INTER_AREA`.

use super::axis::{AxisWeights, Grid};

/// Weights that are the parts of each input pixel that an output pixel covers.
pub(super) fn weights(grid: &Grid) -> AxisWeights {
    AxisWeights::of(grid.output, |output| {
        let low = output as f64 * grid.step;
        let high = (low + grid.step).min(grid.input as f64);
        let first = (low as usize).min(grid.last());
        let end = (high.ceil() as usize).clamp(first + 1, grid.input);
        let width = (high - low).max(f64::MIN_POSITIVE);
        (first..end).map(move |index| {
            let covered = high.min(index as f64 + 1.0) - low.max(index as f64);
            // Rounding of the ends leaves slivers that are no part of the pixel.
            let part = covered / width;
            (index, if part < 1e-12 { 0.0 } else { part })
        })
    })
}
