//! Filling of holes.

use coverslip_algorithms::{
    AlgorithmError,
    large::{self, OutOfCoreError, Scratch, Volume},
    measure::labels::{fill_holes, fill_label_holes, fill_small_holes},
};
use coverslip_image::Image;
use ndarray::{Array, ArrayView, Axis, RemoveAxis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::steps::{
    operation::{
        OperationError, Product,
        parts::{as_labels, each_volume, labels_of, mask, shown},
    },
    postprocess::{LabelPlan, PlannedLabels, PostprocessError, PostprocessStep, Prediction},
};

/// Fills background that an object encloses: each label by itself, or a mask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FillHoles {
    /// Pixel connectivity of the background of a mask, 1 = faces.
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
    /// Of a mask only holes with fewer pixels, those at the border included; left out, all that do
    /// not touch the border.
    pub area: Option<usize>,
    /// Whether the objects are labels, which are filled one by one, rather than a mask.
    pub labels: bool,
}

impl Default for FillHoles {
    fn default() -> Self {
        Self {
            connectivity: 1,
            area: None,
            labels: true,
        }
    }
}

impl FillHoles {
    /// As an operation on each plane or volume of an image.
    pub(crate) fn operation(&self, images: &[Image]) -> Result<Product, OperationError> {
        each_volume(&images[0], |pixels| {
            if self.labels {
                return Ok(labels_of(fill_label_holes(&as_labels(pixels)?.view())?));
            }
            Ok(shown(&self.filled_mask(&mask(pixels)?.view())?))
        })
        .map(Product::Image)
    }

    fn filled_mask<D: RemoveAxis>(
        &self,
        mask: &ArrayView<'_, bool, D>,
    ) -> Result<Array<bool, D>, AlgorithmError> {
        match self.area {
            Some(area) => fill_small_holes(mask, area, self.connectivity),
            None => fill_holes(mask, self.connectivity),
        }
    }

    fn filled<D: RemoveAxis>(
        &self,
        labels: &ArrayView<'_, u32, D>,
    ) -> Result<Array<u32, D>, AlgorithmError> {
        if self.labels {
            return fill_label_holes(labels);
        }
        let mask = labels.mapv(|label| label > 0);
        Ok(self.filled_mask(&mask.view())?.mapv(u32::from))
    }
}

impl PostprocessStep for FillHoles {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let step = "fill_holes";
        let labels = prediction.into_labels(step)?;
        // A 2D image is a stack of one plane; holes are then holes of the plane.
        let filled = if labels.dim().0 == 1 {
            let plane = labels.index_axis(Axis(0), 0);
            self.filled(&plane)
                .map(|filled| filled.insert_axis(Axis(0)))
        } else {
            self.filled(&labels.view())
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
        if !self.labels {
            return Ok(None);
        }
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
        let filled = FillHoles::default()
            .apply(Prediction::Labels(ring))
            .unwrap();
        assert_eq!(filled, Prediction::Labels(ndarray::Array3::ones((1, 3, 3))));
    }
    #[test]
    fn a_mask_is_filled_as_a_whole_and_holes_up_to_an_area() {
        let labels = array![[[1u32, 1, 2, 2, 2], [1, 0, 2, 0, 0], [1, 1, 2, 2, 2]]];
        let image = Image::new(labels.clone(), "zyx".parse().unwrap()).unwrap();
        for (area, expected) in [(None, [1, 0]), (Some(2), [1, 0]), (Some(3), [1, 1])] {
            let step = FillHoles {
                labels: false,
                area,
                ..FillHoles::default()
            };
            let filled = step.apply(Prediction::Labels(labels.clone())).unwrap();
            let Prediction::Labels(filled) = filled else {
                panic!("labels stay labels");
            };
            assert_eq!([filled[[0, 1, 1]], filled[[0, 1, 3]]], expected, "{area:?}");
            let Product::Image(product) = step.operation(std::slice::from_ref(&image)).unwrap()
            else {
                panic!("a mask is an image");
            };
            assert_eq!(product.to_labels_zyx().unwrap(), 255 * filled);
        }
    }
}
