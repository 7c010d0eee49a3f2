//! scikit-image's `transform.resize`.

use ndarray::{ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axis::{AxisWeights, Grid};
use super::spline::Spline;
use crate::AlgorithmError;
use crate::rounding::Round;
use crate::transform::pad::{Border, source_index};

/// Splines after a Gaussian filter of sigma `max(0, (s - 1) / 2)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Skimage {
    /// Degree of the spline, 0 (nearest) to 5.
    #[schemars(range(max = 5))]
    pub order: u8,
    /// Whether to filter first; if not given, where any axis shrinks and the order is above 0.
    pub anti_aliasing: Option<bool>,
    /// What lies beyond the edges.
    pub edge: Edge,
    /// Whether results of orders above 1 are cut to the range of the input.
    pub clip: bool,
}

/// What continues an image beyond its edges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Mirrored at the edge pixel: `d c b | a b c d`. scikit-image's name is `reflect`, its
    /// default.
    #[default]
    Reflect101,
    /// Mirrored at the edge: `c b a | a b c d`.
    Symmetric,
    /// The edge pixel: `a a a | a b c d`. scikit-image's name is `edge`. Splines of order 3 and above
    /// differ from `SciPy`'s, which pads by 12 pixels and mirrors, by about 1e-7.
    Replicate,
    /// Periodic: `b c d | a b c d`.
    Wrap,
}

impl Edge {
    fn border(self) -> Border<()> {
        match self {
            Self::Reflect101 => Border::Reflect101,
            Self::Symmetric => Border::Symmetric,
            Self::Replicate => Border::Replicate,
            Self::Wrap => Border::Wrap,
        }
    }
}

impl Default for Skimage {
    fn default() -> Self {
        Self {
            order: 1,
            anti_aliasing: None,
            edge: Edge::default(),
            clip: true,
        }
    }
}

impl Skimage {
    pub(super) fn check(self) -> Result<(), AlgorithmError> {
        if self.order <= 5 {
            return Ok(());
        }
        Err(AlgorithmError::parameter("order", self.order, "0 to 5"))
    }

    /// `shrinks`: whether any axis of the image does.
    pub(super) fn weights(self, grid: &Grid, shrinks: bool) -> AxisWeights {
        let border = self.edge.border();
        let fold = |index: isize| source_index(index, grid.input, &border) as isize;
        let spline = Spline::of(self.order);
        let filter = if self.anti_aliasing.unwrap_or(shrinks && self.order > 0) {
            gaussian((grid.step - 1.0) / 2.0)
        } else {
            vec![1.0]
        };
        let radius = (filter.len() / 2) as isize;
        AxisWeights::of(grid.output, |output| {
            let mut taps = Vec::new();
            for (index, weight) in spline.taps(grid.centre(output)) {
                let index = fold(index);
                let blurred = filter.iter().zip(-radius..);
                taps.extend(blurred.map(|(part, k)| (fold(index + k) as usize, weight * part)));
            }
            taps
        })
    }

    /// Cuts what a spline overshoots.
    pub(super) fn clip_to_input<T: Round, D: Dimension>(
        self,
        input: &ArrayView<'_, T, D>,
        output: &mut [T],
    ) {
        if !self.clip || self.order < 2 {
            return;
        }
        let finite = input.iter().map(|v| v.to_f64()).filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (value.min(low), value.max(high))
        });
        for value in output {
            let number = value.to_f64();
            if number < low || number > high {
                *value = T::rounded(number.clamp(low, high));
            }
        }
    }
}

/// Samples of a Gaussian out to four sigmas, sum 1; `[1]` for a sigma of 0 or below.
fn gaussian(sigma: f64) -> Vec<f64> {
    if sigma <= 0.0 {
        return vec![1.0];
    }
    let radius = (4.0 * sigma + 0.5) as i64;
    let values = (-radius..=radius).map(|x| (-0.5 * (x as f64 / sigma).powi(2)).exp());
    let values: Vec<f64> = values.collect();
    let total: f64 = values.iter().sum();
    values.into_iter().map(|value| value / total).collect()
}
