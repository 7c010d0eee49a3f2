//! Removal of small objects.

use coverslip_algorithms::{
    AlgorithmError,
    large::{self, OutOfCoreError, Renumbering, Scratch, Volume},
    measure::labels::{SizeMode, relabel_sequential, remove_small_labels, remove_small_objects},
};
use coverslip_image::Image;
use ndarray::{Array, ArrayView, RemoveAxis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::steps::{
    operation::{
        OperationError, Product,
        parts::{as_labels, each_volume, labels_of, mask, shown},
    },
    postprocess::{LabelPlan, PlannedLabels, PostprocessError, PostprocessStep, Prediction},
};

/// Removes objects with few pixels: labels, which are then renumbered, or connected groups of a mask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RemoveSmall {
    /// Objects with fewer pixels (in 3D, voxels) than this become background.
    #[schemars(range(min = 1), extend("x-formerly" = ["pixels"]))]
    pub min_size: usize,
    /// Pixel connectivity of the groups of a mask, 1 = faces.
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
    /// Whether sizes are volumes, or counted section by section.
    pub mode: SizeMode,
    /// Whether the objects are labels, connected or not, rather than connected groups of a mask.
    pub labels: bool,
}

impl Default for RemoveSmall {
    fn default() -> Self {
        Self {
            min_size: 20,
            connectivity: 1,
            mode: SizeMode::Volume,
            labels: true,
        }
    }
}

impl RemoveSmall {
    /// As an operation on each plane or volume of an image.
    pub(crate) fn operation(&self, images: &[Image]) -> Result<Product, OperationError> {
        each_volume(&images[0], |pixels| {
            if self.labels {
                return Ok(labels_of(self.without_small_labels(as_labels(pixels)?)));
            }
            Ok(shown(&self.without_small_groups(&mask(pixels)?.view())?))
        })
        .map(Product::Image)
    }

    fn without_small_labels<D: RemoveAxis>(&self, mut labels: Array<u32, D>) -> Array<u32, D> {
        if self.mode == SizeMode::Slice && labels.ndim() == 3 {
            for mut slice in labels.outer_iter_mut() {
                let mut kept = slice.to_owned();
                remove_small_labels(&mut kept, self.min_size);
                slice.assign(&kept);
            }
        } else {
            remove_small_labels(&mut labels, self.min_size);
        }
        relabel_sequential(&labels.view()).0
    }

    fn without_small_groups<D: RemoveAxis>(
        &self,
        mask: &ArrayView<'_, bool, D>,
    ) -> Result<Array<bool, D>, AlgorithmError> {
        remove_small_objects(mask, self.min_size, self.connectivity, self.mode)
    }
}

impl PostprocessStep for RemoveSmall {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let step = "remove_small";
        let labels = prediction.into_labels(step)?;
        if self.labels {
            return Ok(Prediction::Labels(self.without_small_labels(labels)));
        }
        let mask = labels.mapv(|label| label > 0);
        let kept = self
            .without_small_groups(&mask.view())
            .map_err(|source| PostprocessError::Algorithm { step, source })?;
        Ok(Prediction::Labels(kept.mapv(u32::from)))
    }

    fn plan<'a>(
        &'a self,
        labels: Volume<'a>,
        _: &'a Scratch,
    ) -> Result<Option<LabelPlan<'a>>, OutOfCoreError> {
        if !self.labels || self.mode == SizeMode::Slice {
            return Ok(None);
        }
        let objects = large::objects(labels)?;
        let numbers = Renumbering::without_small(&objects, self.min_size as u64);
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
        let step = RemoveSmall {
            min_size: 2,
            ..RemoveSmall::default()
        };
        let cleaned = step.apply(labels).unwrap();
        assert_eq!(cleaned, Prediction::Labels(array![[[0, 0, 1, 1, 0, 2, 2]]]));
    }
    #[test]
    fn sizes_may_be_counted_by_section_and_of_groups_of_a_mask() {
        let labels = array![[[1u32, 0, 2, 2]], [[0, 0, 0, 2]], [[3, 3, 0, 0]]];
        let mut step = RemoveSmall {
            min_size: 2,
            mode: SizeMode::Slice,
            ..RemoveSmall::default()
        };
        let by_section = step.apply(Prediction::Labels(labels.clone())).unwrap();
        let expected = array![[[0, 0, 1, 1]], [[0, 0, 0, 0]], [[2, 2, 0, 0]]];
        assert_eq!(by_section, Prediction::Labels(expected));
        step.labels = false;
        step.mode = SizeMode::Volume;
        let of_groups = step.apply(Prediction::Labels(labels.clone())).unwrap();
        let expected = array![[[0, 0, 1, 1]], [[0, 0, 0, 1]], [[1, 1, 0, 0]]];
        assert_eq!(of_groups, Prediction::Labels(expected.clone()));
        let image = Image::new(labels, "zyx".parse().unwrap()).unwrap();
        let Product::Image(product) = step.operation(&[image]).unwrap() else {
            panic!("a mask is an image");
        };
        assert_eq!(product.to_labels_zyx().unwrap(), 255 * expected);
    }
}
