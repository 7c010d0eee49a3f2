use coverslip_algorithms::{
    large::{self, OutOfCoreError, Scratch, Volume},
    measure::labels::fill_label_holes,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LabelPlan, PlannedLabels, PostprocessError, PostprocessStep, Prediction};

/// Fills background that an object encloses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FillHoles {}

impl PostprocessStep for FillHoles {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let step = "fill_holes";
        let labels = prediction.into_labels(step)?;
        // A 2D image is a stack of one plane; holes are then holes of the plane.
        let filled = if labels.dim().0 == 1 {
            let plane = labels.index_axis(ndarray::Axis(0), 0);
            fill_label_holes(&plane).map(|filled| filled.insert_axis(ndarray::Axis(0)))
        } else {
            fill_label_holes(&labels.view())
        };
        filled
            .map(Prediction::Labels)
            .map_err(|source| PostprocessError::Algorithm { step, source })
    }

    fn plan<'a>(
        &'a self,
        labels: Volume<'a>,
        _: &'a Scratch,
    ) -> Result<Option<LabelPlan<'a>>, OutOfCoreError> {
        let objects = large::objects(labels)?;
        Ok(Some(LabelPlan {
            largest: objects.last().map_or(0, |object| object.label),
            labels: PlannedLabels::Write(Box::new(move |sink| {
                large::fill_label_holes(labels, &objects, sink)
            })),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_ring_is_filled() {
        let ring = array![[[1, 1, 1], [1, 0, 1], [1, 1, 1]]];
        let filled = FillHoles {}.apply(Prediction::Labels(ring)).unwrap();
        assert_eq!(filled, Prediction::Labels(ndarray::Array3::ones((1, 3, 3))));
    }
}
