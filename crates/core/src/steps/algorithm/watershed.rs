//! Objects that grow from seeds over a relief.

use coverslip_algorithms::sample::Sample;
use coverslip_algorithms::{
    AlgorithmError, measure::components::connected_components,
    segmentation::watershed::Watershed as Flood,
};
use coverslip_image::Image;
use ndarray::{Array, Array3, Array4, ArrayView, Axis, Dimension, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel;
use crate::steps::{
    operation::{
        OperationError, Product, expect_images,
        parts::{as_labels, each_volume, labels_of, on_samples, only_channel},
    },
    postprocess::{PostprocessError, PostprocessStep, Prediction},
};

/// Makes objects by a watershed: seeds, the pixels with values above `seeds`, grow over less bright
/// ones; or, as an operation without `seeds`, markers grow over a relief from low to high.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Watershed {
    /// The channel, from 0; left out, 1, or 0 where there is only one. Goes with `seeds`.
    pub channel: Option<usize>,
    /// Connected pixels with values above this are the seed of an object; without it an operation
    /// takes a relief and an image of markers.
    pub seeds: Option<f64>,
    /// Objects grow where values are above this; left out, everywhere. Goes with `seeds`.
    pub mask: Option<f64>,
    /// Pixel connectivity, 1 = faces.
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
    /// Whether objects that meet are separated by a line of 0, one pixel wide.
    pub line: bool,
}

impl Default for Watershed {
    fn default() -> Self {
        Self {
            channel: None,
            seeds: Some(0.8),
            mask: Some(0.5),
            connectivity: 1,
            line: false,
        }
    }
}

impl Watershed {
    /// As an operation on a relief and markers, or with `seeds` on one image.
    pub(crate) fn operation(&self, images: &[Image]) -> Result<Product, OperationError> {
        expect_images(if self.seeds.is_some() { 1 } else { 2 }, images)?;
        if let Some(seeds) = self.seeds {
            return self.of_values(&images[0], seeds);
        }
        self.of_values_only()?;
        let markers = as_labels(images[1].pixels())?;
        let flooded = on_samples!(images[0].pixels(), array => {
            self.flood().apply(&array.view(), &markers.view(), None)?
        });
        let objects = Image::new(labels_of(flooded), images[0].axes().clone())?;
        Ok(Product::Image(
            objects.with_pixel_size(images[0].pixel_size()),
        ))
    }

    fn of_values(&self, image: &Image, seeds: f64) -> Result<Product, OperationError> {
        let channels = image.len_of(coverslip_image::Axis::C);
        let channel = self.channel.unwrap_or(usize::from(channels > 1));
        each_volume(&only_channel(image, channel)?, |pixels| {
            let objects = on_samples!(pixels, array => self.grown(&array.view(), seeds)?);
            Ok(labels_of(objects))
        })
        .map(Product::Image)
    }

    /// Options that say how values are read do not go with a relief and markers.
    fn of_values_only(&self) -> Result<(), AlgorithmError> {
        let expected = "no value without `seeds`: a relief and markers are taken as they are";
        let (name, got) = match (self.channel, self.mask) {
            (Some(channel), _) => ("channel", channel.to_string()),
            (None, Some(mask)) => ("mask", mask.to_string()),
            (None, None) => return Ok(()),
        };
        let expected = expected.to_owned();
        Err(AlgorithmError::Parameter {
            name,
            got,
            expected,
        })
    }

    fn flood(&self) -> Flood {
        Flood {
            connectivity: self.connectivity,
            line: self.line,
        }
    }

    fn objects(&self, values: &Array4<f32>) -> Result<Array3<u32>, AlgorithmError> {
        let seeds = self.seeds.ok_or_else(|| AlgorithmError::Parameter {
            name: "seeds",
            got: "null".to_owned(),
            expected: "a number; only an operation takes markers".to_owned(),
        })?;
        let values = channel(values, self.channel)?;
        // A 2D image is a stack of one plane; its neighbourhoods are those of the plane.
        if values.len_of(Axis(0)) == 1 {
            let objects = self.grown(&values.index_axis(Axis(0), 0), seeds)?;
            return Ok(objects.insert_axis(Axis(0)));
        }
        self.grown(&values, seeds)
    }

    /// Objects of values: groups above `seeds` that have grown.
    fn grown<S: Sample, D: Dimension>(
        &self,
        values: &ArrayView<'_, S, D>,
        seeds: f64,
    ) -> Result<Array<u32, D>, AlgorithmError> {
        let above = |level: f64| values.mapv(|value| value.to_f64() > level);
        let sure = above(seeds);
        let mask = self.mask.map(above);
        let seeds = connected_components(&sure.view(), self.connectivity)?.labels;
        let relief = values.mapv(|value| -value.to_f64());
        let within = mask.as_ref().map(|mask| mask.view());
        let mut objects = self
            .flood()
            .apply(&relief.view(), &seeds.view(), within.as_ref())?;
        // Seeds below the mask's level stay outside of it.
        if let Some(mask) = &mask {
            Zip::from(&mut objects)
                .and(mask)
                .for_each(|label, &inside| {
                    if !inside {
                        *label = 0;
                    }
                });
        }
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
