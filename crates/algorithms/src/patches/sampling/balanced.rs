//! As many patches on objects as beside them.

use ndarray::{ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::members::Members;
use super::{check_patch, check_uniform, pick, unravel};
use crate::AlgorithmError;
use crate::sample::Sample;

/// Patches around pixels of an object or of background, chosen with a given probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BalancedPatches {
    /// Size of a patch along each axis, in pixels.
    pub patch: Vec<usize>,
    /// Probability of a pixel of an object, 0 to 1; 1 or 0 where there is only one kind.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub pos_ratio: f64,
    /// If given, background counts only where the image is above this.
    pub background_above: Option<f64>,
}

impl Default for BalancedPatches {
    fn default() -> Self {
        Self {
            patch: vec![128, 128],
            pos_ratio: 0.5,
            background_above: None,
        }
    }
}

impl BalancedPatches {
    /// Centres of patches: `u_class` chooses between object and background, `u_index` the pixel,
    /// one of each a patch. Centres are moved so that the patch is inside the image.
    ///
    /// # Errors
    /// [`AlgorithmError::Rank`], [`AlgorithmError::ShapeMismatch`], [`AlgorithmError::Empty`] if
    /// no pixel is of either kind, or [`AlgorithmError::Parameter`] for a patch larger than the
    /// image, settings or numbers outside their ranges, or `background_above` without an image.
    pub fn centres<S: Sample, D: Dimension>(
        &self,
        label: &ArrayView<'_, bool, D>,
        image: Option<&ArrayView<'_, S, D>>,
        u_class: &[f64],
        u_index: &[f64],
    ) -> Result<Vec<Vec<usize>>, AlgorithmError> {
        self.check(label, image.is_some(), u_class, u_index)?;
        let shown: Option<Vec<bool>> = match (self.background_above, image) {
            (Some(limit), Some(image)) => {
                crate::error::same_shape(
                    ("the image", image.shape()),
                    ("the label", label.shape()),
                )?;
                Some(image.iter().map(|value| value.to_f64() > limit).collect())
            }
            _ => None,
        };
        let label_flat = label.as_standard_layout();
        let label_flat = label_flat.as_slice().unwrap_or(&[]);
        let is_background =
            |index: usize| !label_flat[index] && shown.as_ref().is_none_or(|shown| shown[index]);
        let object = Members::of(label_flat.len(), |index| label_flat[index]);
        let background = Members::of(label_flat.len(), is_background);
        let ratio = match (object.count(), background.count()) {
            (0, 0) => {
                return Err(AlgorithmError::Empty {
                    what: "the set of objects and background",
                });
            }
            (0, _) => 0.0,
            (_, 0) => 1.0,
            _ => self.pos_ratio,
        };
        let centre = |(&class, &index): (&f64, &f64)| {
            let flat = if class < ratio {
                object.index(pick(index, object.count()))
            } else {
                background.index(pick(index, background.count()))
            };
            self.inside(&unravel(flat, label.shape()), label.shape())
        };
        Ok(u_class.iter().zip(u_index).map(centre).collect())
    }

    /// The nearest centre whose patch is inside the image.
    fn inside(&self, centre: &[usize], image: &[usize]) -> Vec<usize> {
        let axes = centre.iter().zip(&self.patch).zip(image);
        axes.map(|((&centre, &size), &length)| {
            let low = size / 2;
            centre.clamp(low, low + length - size)
        })
        .collect()
    }

    fn check<D: Dimension>(
        &self,
        label: &ArrayView<'_, bool, D>,
        has_image: bool,
        u_class: &[f64],
        u_index: &[f64],
    ) -> Result<(), AlgorithmError> {
        check_patch(&self.patch, label.shape())?;
        check_uniform(u_class)?;
        check_uniform(u_index)?;
        let mut axes = self.patch.iter().zip(label.shape());
        if let Some((size, length)) = axes.find(|(size, length)| size > length) {
            let expected = format!("at most {length}, the image's length");
            return Err(AlgorithmError::parameter(
                "the patch's size",
                size,
                expected,
            ));
        }
        if !(0.0..=1.0).contains(&self.pos_ratio) {
            return Err(AlgorithmError::parameter(
                "pos_ratio",
                self.pos_ratio,
                "0 to 1",
            ));
        }
        if u_class.len() != u_index.len() {
            let expected = format!("{}, as there are classes", u_class.len());
            let name = "the number of uniform numbers";
            return Err(AlgorithmError::parameter(name, u_index.len(), expected));
        }
        match self.background_above {
            Some(limit) if !has_image || limit.is_nan() => {
                let expected = "a number, and an image to compare with it";
                Err(AlgorithmError::parameter(
                    "background_above",
                    limit,
                    expected,
                ))
            }
            _ => Ok(()),
        }
    }
}
