//! `torch.nn.functional.interpolate`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axis::{AxisWeights, Grid};
use super::window::{self, CUBIC, TRIANGLE, cubic};
use crate::AlgorithmError;

/// PyTorch's interpolation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Torch {
    /// The kernel.
    pub mode: TorchMode,
    /// Whether kernels widen when shrinking; for linear and cubic.
    pub antialias: bool,
    /// Whether the first and last pixels keep their places, instead of the image's edges.
    pub align_corners: bool,
}

/// A kernel of PyTorch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TorchMode {
    /// The pixel at `floor(i s)`: towards the upper left.
    Nearest,
    /// The pixel at `floor((i + 0.5) s)`.
    NearestExact,
    /// Linear along each axis: bilinear in 2D, trilinear in 3D.
    #[default]
    Linear,
    /// Keys' cubic; a = -0.75, with `antialias` -0.5.
    Cubic,
}

impl TorchMode {
    pub(super) fn is_nearest(self) -> bool {
        matches!(self, Self::Nearest | Self::NearestExact)
    }
}

impl Torch {
    pub(super) fn check(self) -> Result<(), AlgorithmError> {
        if self.mode.is_nearest() && (self.antialias || self.align_corners) {
            let got = "true with a nearest mode";
            let expected = "false, or mode linear or cubic";
            return Err(AlgorithmError::parameter(
                "antialias or align_corners",
                got,
                expected,
            ));
        }
        Ok(())
    }

    pub(super) fn weights(self, grid: &Grid) -> AxisWeights {
        let grid = &self.spaced(grid);
        let last = grid.last();
        let single = |index: f64| [((index as usize).min(last), 1.0)];
        match (self.mode, self.antialias) {
            (TorchMode::Nearest, _) => {
                AxisWeights::of(grid.output, |output| single(output as f64 * grid.step))
            }
            (TorchMode::NearestExact, _) => AxisWeights::of(grid.output, |output| {
                single((output as f64 + 0.5) * grid.step)
            }),
            (TorchMode::Linear, true) => window::weights(grid, TRIANGLE),
            (TorchMode::Cubic, true) => window::weights(grid, CUBIC),
            (TorchMode::Linear, false) => AxisWeights::of(grid.output, |output| {
                let at = self.place(grid, output).max(0.0);
                let index = (at as usize).min(last);
                let next = (index + 1).min(last);
                let part = at - index as f64;
                [(index, 1.0 - part), (next, part)]
            }),
            (TorchMode::Cubic, false) => AxisWeights::of(grid.output, |output| {
                let at = self.place(grid, output);
                let index = at.floor();
                [-1.0, 0.0, 1.0, 2.0].map(|offset| {
                    let tap = (index + offset).clamp(0.0, last as f64) as usize;
                    (tap, cubic(at - index - offset, -0.75))
                })
            }),
        }
    }

    fn spaced(self, grid: &Grid) -> Grid {
        if !self.align_corners {
            return *grid;
        }
        let intervals = grid.output.saturating_sub(1);
        let step = if intervals == 0 {
            0.0
        } else {
            grid.last() as f64 / intervals as f64
        };
        Grid { step, ..*grid }
    }

    fn place(self, grid: &Grid, output: usize) -> f64 {
        if self.align_corners {
            output as f64 * grid.step
        } else {
            grid.centre(output)
        }
    }
}
