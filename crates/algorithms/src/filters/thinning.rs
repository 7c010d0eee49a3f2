//! Skeletons of masks `Y X`.

mod bits;
mod medial_axis;
mod parallel;

use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
pub use medial_axis::{MedialAxis, medial_axis};

/// How a mask is thinned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThinningMethod {
    /// Zhang and Suen 1984. A square of 2 x 2 pixels vanishes.
    #[default]
    ZhangSuen,
    /// Guo and Hall 1989, with two sub-iterations: the rule that libraries ship, not the fully
    /// parallel one of their paper of 1992.
    GuoHall,
    /// Ridge of the distance to the background.
    MedialAxis,
}

/// Thinning to lines one pixel wide. Pixels outside the image are background.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Thinning {
    /// The rule by which pixels are removed.
    pub method: ThinningMethod,
}

impl Thinning {
    /// The skeleton.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for the medial axis of an image of 2^32 or more pixels.
    pub fn apply(&self, mask: &ArrayView2<'_, bool>) -> Result<Array2<bool>, AlgorithmError> {
        match self.method {
            ThinningMethod::ZhangSuen => Ok(parallel::zhang_suen(mask)),
            ThinningMethod::GuoHall => Ok(parallel::guo_hall(mask)),
            ThinningMethod::MedialAxis => Ok(medial_axis(mask)?.skeleton),
        }
    }
}

#[cfg(test)]
mod tests;
