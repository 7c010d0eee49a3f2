//! Kernels that widen when shrinking.

use super::axis::{AxisWeights, Grid};

/// A kernel at unit spacing.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    /// It is 0 this far from its centre, in pixels.
    pub(super) support: f64,
    pub(super) value: fn(f64) -> f64,
}

pub(super) const BOX: Kernel = Kernel {
    support: 0.5,
    value: |x| f64::from(x > -0.5 && x <= 0.5),
};

pub(super) const TRIANGLE: Kernel = Kernel {
    support: 1.0,
    value: |x| (1.0 - x.abs()).max(0.0),
};

pub(super) const CUBIC: Kernel = Kernel {
    support: 2.0,
    value: |x| cubic(x, -0.5),
};

pub(super) const LANCZOS: Kernel = Kernel {
    support: 3.0,
    value: |x| {
        if (-3.0..3.0).contains(&x) {
            sinc(x) * sinc(x / 3.0)
        } else {
            0.0
        }
    },
};

/// Keys' cubic convolution kernel with parameter `a` (Keys 1981).
pub(super) fn cubic(x: f64, a: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * a
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x == 0.0 { 1.0 } else { x.sin() / x }
}

/// Weights of a kernel stretched by the step where that is above 1, cut at the borders and
/// normalised to sum 1.
pub(super) fn weights(grid: &Grid, kernel: Kernel) -> AxisWeights {
    let stretch = grid.step.max(1.0);
    let support = kernel.support * stretch;
    AxisWeights::of(grid.output, |output| {
        let centre = (output as f64 + 0.5) * grid.step;
        let low = ((centre - support + 0.5).max(0.0) as usize).min(grid.last());
        let high = ((centre + support + 0.5) as usize).clamp(low + 1, grid.input);
        let value = |index: usize| (kernel.value)((index as f64 - centre + 0.5) / stretch);
        let total: f64 = (low..high).map(value).sum();
        let total = if total == 0.0 { 1.0 } else { total };
        (low..high).map(move |index| {
            let x = (index as f64 - centre + 0.5) / stretch;
            (index, (kernel.value)(x) / total)
        })
    })
}
