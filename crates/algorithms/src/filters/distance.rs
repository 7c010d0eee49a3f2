//! Distance of each pixel to the background.

mod chamfer;
mod euclidean;

use ndarray::{Array, ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
pub use euclidean::squared_distance;

/// How distance is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The straight line.
    #[default]
    Euclidean,
    /// Steps to any of the 8 (in 3D 26) neighbours.
    Chessboard,
    /// Steps to the 4 (in 3D 6) direct neighbours.
    Taxicab,
}

/// Distance of foreground pixels to the nearest background pixel, centre to centre. Beyond the
/// image there is no background.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Distance {
    /// How distance is measured.
    pub metric: Metric,
    /// Size of a pixel: one number for all axes, or one for each in array order (Z Y X). Steps of
    /// the other metrics count 1.
    pub spacing: Vec<f64>,
}

impl Default for Distance {
    fn default() -> Self {
        Self {
            metric: Metric::Euclidean,
            spacing: vec![1.0],
        }
    }
}

impl Distance {
    /// Distances, exact, in the unit of the spacing; 0 on the background, infinite everywhere if
    /// there is none.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a spacing that is not a finite number above 0, or not one
    /// for each axis; [`AlgorithmError::Rank`] for steps in more than 3 axes.
    pub fn apply<D: Dimension>(
        &self,
        mask: &ArrayView<'_, bool, D>,
    ) -> Result<Array<f64, D>, AlgorithmError> {
        match self.metric {
            Metric::Euclidean => {
                let mut distance = squared_distance(mask, &self.spacing)?;
                distance.par_mapv_inplace(f64::sqrt);
                Ok(distance)
            }
            Metric::Chessboard => chamfer::steps(mask, usize::MAX),
            Metric::Taxicab => chamfer::steps(mask, 1),
        }
    }
}

#[cfg(test)]
mod tests;
