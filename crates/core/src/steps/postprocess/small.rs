use coverslip_algorithms::{
    large::{self, OutOfCoreError, Renumbering, Scratch, Volume},
    measure::labels::{relabel_sequential, remove_small_labels},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LabelPlan, PlannedLabels, PostprocessError, PostprocessStep, Prediction};

/// Removes objects with fewer pixels than a limit and renumbers the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RemoveSmall {
    /// Objects with fewer pixels (in 3D, voxels) than this become background.
    #[schemars(range(min = 1))]
    pub pixels: usize,
}

impl Default for RemoveSmall {
    fn default() -> Self {
        Self { pixels: 20 }
    }
}

impl PostprocessStep for RemoveSmall {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let mut labels = prediction.into_labels("remove_small")?;
        remove_small_labels(&mut labels, self.pixels);
        Ok(Prediction::Labels(relabel_sequential(&labels.view()).0))
    }

    fn plan<'a>(
        &'a self,
        labels: Volume<'a>,
        _: &'a Scratch,
    ) -> Result<Option<LabelPlan<'a>>, OutOfCoreError> {
        let objects = large::objects(labels)?;
        let numbers = Renumbering::without_small(&objects, self.pixels as u64);
        Ok(Some(LabelPlan {
            largest: numbers.count(),
            labels: PlannedLabels::Write(Box::new(move |sink| {
                large::relabel(labels, &numbers, sink)
            })),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn small_objects_vanish_and_the_rest_is_renumbered() {
        let labels = Prediction::Labels(array![[[1, 0, 2, 2, 0, 3, 3]]]);
        let cleaned = RemoveSmall { pixels: 2 }.apply(labels).unwrap();
        assert_eq!(cleaned, Prediction::Labels(array![[[0, 0, 1, 1, 0, 2, 2]]]));
    }
}
