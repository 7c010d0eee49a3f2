//! The class of the largest probability.

use ndarray::{Array3, Array4, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PostprocessError, PostprocessStep, Prediction};

/// Gives each pixel the class of its largest probability; the first one where several are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Argmax {}

impl PostprocessStep for Argmax {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let Prediction::Values(values) = prediction else {
            return Err(PostprocessError::NeedsValues { step: "argmax" });
        };
        Ok(Prediction::Labels(likeliest(&values)))
    }

    fn is_pixelwise(&self) -> bool {
        true
    }
}

/// The class of the largest of each pixel's probabilities, the first of equal ones: `[C, Z, Y, X]` becomes
/// `[Z, Y, X]`.
pub(crate) fn likeliest(values: &Array4<f32>) -> Array3<u32> {
    values.map_axis(Axis(0), |pixel| {
        let mut best = 0;
        for (class, value) in pixel.iter().enumerate() {
            if *value > pixel[best] {
                best = class;
            }
        }
        best as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_first_of_equal_classes_wins() {
        let values = Array4::from_shape_vec((3, 1, 1, 2), vec![0.2, 0.4, 0.5, 0.4, 0.3, 0.2]);
        let labels = Argmax {}
            .apply(Prediction::Values(values.unwrap()))
            .unwrap();
        assert_eq!(labels, Prediction::Labels(array![[[1, 0]]]));
        let again = Argmax {}.apply(Prediction::Labels(Array3::zeros((1, 1, 1))));
        assert!(matches!(again, Err(PostprocessError::NeedsValues { .. })));
    }
}
