//! Connected components.

use coverslip_algorithms::sample::Sample;
use coverslip_algorithms::{
    AlgorithmError,
    large::{self, OutOfCoreError, Scratch, Volume},
    measure::{
        components::{connected_components, connected_components_within},
        labels::grow,
    },
};
use coverslip_image::Image;
use ndarray::{Array, ArrayD, ArrayView, Axis, Dimension, Ix3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::steps::{
    operation::{
        OperationError, Product,
        parts::{as_labels, each_volume, labels_of, on_samples},
    },
    postprocess::{LabelPlan, PlannedLabels, PostprocessError, PostprocessStep, Prediction},
};

/// Numbers the connected groups of foreground pixels, one label for each object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Components {
    /// Pixel connectivity: 1 joins pixels that share a side (in 3D, a face), 2 also those that share
    /// a corner (in 3D, an edge), 3 also the corners in 3D.
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
    /// Neighbours join if their values, none of them 0, differ by at most this; 0 joins equal values.
    #[schemars(range(min = 0.0))]
    pub delta: f64,
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
            delta: 0.0,
            seeds: None,
            grow: None,
        }
    }
}

impl Components {
    /// As an operation on each plane or volume of an image.
    pub(crate) fn operation(&self, images: &[Image]) -> Result<Product, OperationError> {
        each_volume(&images[0], |pixels| {
            let mut objects = on_samples!(pixels, array => self.objects(&array.view())?);
            if let Some(rim) = self.grow {
                objects = grown(objects, as_labels(pixels)?, rim);
            }
            Ok(labels_of(objects))
        })
        .map(Product::Image)
    }

    /// The objects before they grow.
    fn objects<T, D>(&self, classes: &ArrayView<'_, T, D>) -> Result<Array<u32, D>, AlgorithmError>
    where
        T: Sample + Default,
        D: Dimension,
    {
        let objects = if let Some(class) = self.seeds {
            let seeds = classes.mapv(|value| u32::from(value.to_f64() == f64::from(class)));
            connected_components(&seeds.view(), self.connectivity)?
        } else if self.delta == 0.0 {
            connected_components(classes, self.connectivity)?
        } else {
            connected_components_within(classes, self.connectivity, self.delta)?
        };
        Ok(objects.labels)
    }
}

/// Objects of a plane or volume that have grown into a class.
fn grown(objects: ArrayD<u32>, classes: ArrayD<u32>, rim: u32) -> ArrayD<u32> {
    let is_plane = objects.ndim() == 2;
    let volume = |mut array: ArrayD<u32>| {
        if is_plane {
            array.insert_axis_inplace(Axis(0));
        }
        array.into_dimensionality::<Ix3>()
    };
    let (Ok(mut objects), Ok(classes)) = (volume(objects.clone()), volume(classes)) else {
        return objects;
    };
    grow(&mut objects, &classes, rim);
    let mut objects = objects.into_dyn();
    if is_plane {
        objects.index_axis_inplace(Axis(0), 0);
    }
    objects
}

impl PostprocessStep for Components {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let step = "components";
        let classes = prediction.into_labels(step)?;
        let mut objects = self
            .objects(&classes.view())
            .map_err(|source| PostprocessError::Algorithm { step, source })?;
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
        if self.seeds.is_none() && self.delta > 0.0 {
            return Ok(None);
        }
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
            seeds: Some(1),
            grow: Some(2),
            ..Components::default()
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
    #[test]
    fn an_operation_makes_the_objects_of_the_step() {
        let classes = array![[0u32, 2, 2, 2, 2, 2, 2, 0], [0, 2, 1, 2, 2, 1, 2, 2]];
        let image = Image::new(classes.clone(), "yx".parse().unwrap()).unwrap();
        for delta in [0.0, 1.0] {
            let components = Components {
                seeds: Some(1).filter(|_| delta == 0.0),
                grow: Some(2).filter(|_| delta == 0.0),
                delta,
                ..Components::default()
            };
            let Product::Image(product) =
                components.operation(std::slice::from_ref(&image)).unwrap()
            else {
                panic!("labels are an image");
            };
            let stack = classes.clone().insert_axis(Axis(0));
            let step = components.apply(Prediction::Labels(stack)).unwrap();
            assert_eq!(step, Prediction::Labels(product.to_labels_zyx().unwrap()));
        }
    }
}
