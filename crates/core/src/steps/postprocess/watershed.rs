use coverslip_algorithms::{
    AlgorithmError, measure::components::connected_components,
    segmentation::watershed::Watershed as Flood,
};
use ndarray::{Array3, Array4, ArrayView, ArrayView3, Axis, Dimension, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PostprocessError, PostprocessStep, Prediction, threshold::channel};

/// Makes objects of one channel of the network's values: sure pixels are seeds, which a watershed lets
/// grow over the less sure ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Watershed {
    /// The channel, from 0; left out, 1, or 0 where there is only one.
    pub channel: Option<usize>,
    /// Connected pixels with values above this are the seed of an object.
    pub seeds: f64,
    /// Objects grow where values are above this.
    pub mask: f64,
    /// How many axes two neighbours may differ in.
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
}

impl Default for Watershed {
    fn default() -> Self {
        Self {
            channel: None,
            seeds: 0.8,
            mask: 0.5,
            connectivity: 1,
        }
    }
}

impl Watershed {
    fn objects(&self, values: &Array4<f32>) -> Result<Array3<u32>, AlgorithmError> {
        let values = channel(values, self.channel)?;
        // A 2D image is a stack of one plane; its neighbourhoods are those of the plane.
        if values.len_of(Axis(0)) == 1 {
            let objects = self.flood(&values.index_axis(Axis(0), 0))?;
            return Ok(objects.insert_axis(Axis(0)));
        }
        self.flood(&ArrayView3::reborrow(values))
    }

    fn flood<D: Dimension>(
        &self,
        values: &ArrayView<'_, f32, D>,
    ) -> Result<ndarray::Array<u32, D>, AlgorithmError> {
        let above = |level: f64| values.mapv(|value| f64::from(value) > level);
        let (sure, mask) = (above(self.seeds), above(self.mask));
        let seeds = connected_components(&sure.view(), self.connectivity)?.labels;
        let flood = Flood {
            connectivity: self.connectivity,
            ..Flood::default()
        };
        let relief = values.mapv(|value| -value);
        let mut objects = flood.apply(&relief.view(), &seeds.view(), Some(&mask.view()))?;
        // Seeds below the mask's level stay outside of it.
        Zip::from(&mut objects)
            .and(&mask)
            .for_each(|label, &inside| {
                if !inside {
                    *label = 0;
                }
            });
        Ok(objects)
    }
}

impl PostprocessStep for Watershed {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let step = "watershed";
        let Prediction::Values(values) = prediction else {
            return Err(PostprocessError::NeedsValues { step });
        };
        let objects = self.objects(&values);
        objects
            .map(Prediction::Labels)
            .map_err(|source| PostprocessError::Algorithm { step, source })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;

    #[test]
    fn touching_objects_part_where_the_network_is_least_sure() {
        let row = [0.1, 0.6, 0.9, 0.7, 0.55, 0.6, 0.9, 0.9, 0.6, 0.2, 0.6];
        let values = Array4::from_shape_fn((1, 1, 3, row.len()), |(.., x)| row[x] as f32);
        let step = Watershed::default();
        let Prediction::Labels(objects) = step.apply(Prediction::Values(values)).unwrap() else {
            panic!("objects are labels");
        };
        for line in objects.index_axis(Axis(0), 0).outer_iter() {
            // The last group is nowhere sure, and is no object.
            let labels: Vec<u32> = line.iter().copied().collect();
            assert_eq!(labels[..4], [0, 1, 1, 1]);
            assert_eq!(labels[5..], [2, 2, 2, 2, 0, 0]);
            assert!([1, 2].contains(&labels[4]));
        }
    }
}
