//! A class of its own for what lies outside the nucleus.

use ndarray::{Array, ArrayView, Dimension, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::error::same_shape;

/// Class 0 for dark pixels, which the mask of the nucleus left empty; all other classes move up by
/// one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExteriorClass {
    /// Greatest intensity of the outside.
    pub limit: u8,
}

impl Default for ExteriorClass {
    fn default() -> Self {
        Self { limit: 150 }
    }
}

impl ExteriorClass {
    /// The classes with the outside as class 0; classes at the type's end stay.
    ///
    /// # Errors
    /// [`AlgorithmError::ShapeMismatch`].
    pub fn apply<D: Dimension>(
        &self,
        image: &ArrayView<'_, u8, D>,
        classes: &ArrayView<'_, u32, D>,
    ) -> Result<Array<u32, D>, AlgorithmError> {
        same_shape(
            ("the image", image.shape()),
            ("the class map", classes.shape()),
        )?;
        let mut moved = classes.to_owned();
        Zip::from(&mut moved).and(image).for_each(|class, &pixel| {
            *class = if pixel <= self.limit {
                0
            } else {
                class.saturating_add(1)
            };
        });
        Ok(moved)
    }
}
