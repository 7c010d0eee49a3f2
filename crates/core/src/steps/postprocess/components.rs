use coverslip_algorithms::{
    large::{self, OutOfCoreError, Scratch, Volume},
    measure::{components::connected_components, labels::grow},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LabelPlan, PlannedLabels, PostprocessError, PostprocessStep, Prediction};

/// Numbers the connected groups of foreground pixels, one label for each object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Components {
    /// How many axes two neighbours may differ in: 1 joins pixels that share a side (in 3D, a
    /// face), 2 also those that share a corner (in 3D, an edge), 3 also the corners in 3D.
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
    /// The class whose groups are the objects, such as 1 for "inside"; left out, every class above
    /// 0 makes objects of its own.
    pub seeds: Option<u32>,
    /// A class that the objects then grow into pixel by pixel, such as 2 for "border", so that they
    /// get back the rim which kept them apart.
    pub grow: Option<u32>,
}

impl Default for Components {
    fn default() -> Self {
        Self {
            connectivity: 1,
            seeds: None,
            grow: None,
        }
    }
}

impl PostprocessStep for Components {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let step = "components";
        let classes = prediction.into_labels(step)?;
        let seeds = match self.seeds {
            Some(seeds) => classes.mapv(|class| u32::from(class == seeds)),
            None => classes.clone(),
        };
        let mut objects = connected_components(&seeds.view(), self.connectivity)
            .map_err(|source| PostprocessError::Algorithm { step, source })?
            .labels;
        if let Some(rim) = self.grow {
            grow(&mut objects, &classes, rim);
        }
        Ok(Prediction::Labels(objects))
    }

    fn plan<'a>(
        &'a self,
        labels: Volume<'a>,
        scratch: &'a Scratch,
    ) -> Result<Option<LabelPlan<'a>>, OutOfCoreError> {
        let plan = large::components(labels, self.connectivity, self.seeds)?;
        let largest = plan.count();
        let labels = match self.grow {
            None => PlannedLabels::Write(Box::new(move |sink| plan.write(labels, sink))),
            Some(rim) => {
                let (seeds, into) = scratch.create(labels.target())?;
                plan.write(labels, &*into)?;
                into.finish()?;
                PlannedLabels::Ready(large::grow(seeds, labels, rim, scratch)?)
            }
        };
        Ok(Some(LabelPlan { largest, labels }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn objects_take_back_the_border_between_them() {
        let classes = array![[[0, 2, 2, 2, 2, 2, 2, 0], [0, 2, 1, 2, 2, 1, 2, 2]]];
        let step = Components {
            connectivity: 1,
            seeds: Some(1),
            grow: Some(2),
        };
        let objects = step.apply(Prediction::Labels(classes)).unwrap();
        let expected = array![[[0, 1, 1, 1, 2, 2, 2, 0], [0, 1, 1, 1, 2, 2, 2, 2]]];
        assert_eq!(objects, Prediction::Labels(expected));
    }

    #[test]
    fn each_class_makes_its_own_objects_by_default() {
        let classes = array![[[1, 1, 2, 0, 1]]];
        let objects = Components::default()
            .apply(Prediction::Labels(classes))
            .unwrap();
        assert_eq!(objects, Prediction::Labels(array![[[1, 1, 2, 0, 3]]]));
    }
}
