//! A mask of what is brighter than a threshold.

use coverslip_algorithms::sample::Sample;
use coverslip_algorithms::{
    AlgorithmError,
    filters::threshold::{Threshold as Level, ThresholdMethod},
};
use coverslip_image::{Image, Pixels};
use ndarray::{Array3, Array4, ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel;
use crate::steps::{
    operation::{
        OperationError, Product,
        parts::{each_volume, on_samples, only_channel},
    },
    postprocess::{PostprocessError, PostprocessStep, Prediction},
};

/// Makes a mask of what is brighter than a threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Threshold {
    /// The channel, from 0: a class, or an intensity. Left out, a step takes 1, or 0 where there is
    /// only one, and an operation all channels with one threshold.
    pub channel: Option<usize>,
    /// How the threshold is found; the automatic ones look at the whole image.
    pub method: ThresholdMethod,
    /// Bins of the histogram of floating-point values; integers have a bin for each grey level.
    #[schemars(range(min = 1))]
    pub bins: usize,
}

impl Default for Threshold {
    fn default() -> Self {
        Self {
            channel: None,
            method: ThresholdMethod::Cutoff(0.5),
            bins: 256,
        }
    }
}

impl Threshold {
    /// As an operation on an image: 255 above the threshold, 0 elsewhere.
    pub(crate) fn operation(&self, images: &[Image]) -> Result<Product, OperationError> {
        let image = match self.channel {
            Some(channel) => &only_channel(&images[0], channel)?,
            None => &images[0],
        };
        // One level for the whole image, so that sections agree.
        let level = on_samples!(image.pixels(), array => self.level(&array.view())?);
        each_volume(image, |pixels| {
            let mask: Pixels = on_samples!(pixels, array => array
                .mapv(|value| if value.to_f64() > level { 255u8 } else { 0 })
                .into());
            Ok(mask)
        })
        .map(Product::Image)
    }

    fn level<S: Sample, D: Dimension>(
        &self,
        values: &ArrayView<'_, S, D>,
    ) -> Result<f64, AlgorithmError> {
        let (method, bins) = (self.method, self.bins);
        Level { method, bins }.level(values)
    }

    fn mask(&self, values: &Array4<f32>) -> Result<Array3<u32>, AlgorithmError> {
        let values = channel(values, self.channel)?;
        let level = self.level(&values)?;
        Ok(values.mapv(|value| u32::from(f64::from(value) > level)))
    }
}

impl PostprocessStep for Threshold {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let step = "threshold";
        let Prediction::Values(values) = prediction else {
            return Err(PostprocessError::NeedsValues { step });
        };
        let mask = self.mask(&values);
        mask.map(Prediction::Labels)
            .map_err(|source| PostprocessError::Algorithm { step, source })
    }

    fn is_pixelwise(&self) -> bool {
        matches!(self.method, ThresholdMethod::Cutoff(_))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn values() -> Prediction {
        let values = array![[[[0.9, 0.5, 0.1, 0.1]]], [[[0.1, 0.5, 0.6, 0.9]]]];
        Prediction::Values(values.mapv(|value: f64| value as f32))
    }

    #[test]
    fn a_channel_above_the_level_is_the_mask() {
        let mask = Threshold::default().apply(values()).unwrap();
        assert_eq!(mask, Prediction::Labels(array![[[0, 0, 1, 1]]]));
        let mut step = Threshold {
            channel: Some(0),
            method: ThresholdMethod::Otsu,
            ..Threshold::default()
        };
        let mask = step.apply(values()).unwrap();
        assert_eq!(mask, Prediction::Labels(array![[[1, 1, 0, 0]]]));
        assert!(!step.is_pixelwise() && Threshold::default().is_pixelwise());
        step.channel = Some(2);
        assert_eq!(
            step.apply(values()).unwrap_err().to_string(),
            "the step `threshold` failed: channel is 2, expected below 2, the number of channels \
             that the network gives"
        );
    }
}
