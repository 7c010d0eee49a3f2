use coverslip_algorithms::{
    AlgorithmError,
    filters::threshold::{Threshold as ImageThreshold, ThresholdMethod},
};
use ndarray::{Array3, Array4, ArrayView3, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PostprocessError, PostprocessStep, Prediction};

/// Makes a mask of one channel of the network's values: 1 above a threshold, 0 elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Threshold {
    /// The channel, from 0: a class, or an intensity of `target_kind: image`. Left out, 1, or 0 where
    /// there is only one.
    pub channel: Option<usize>,
    /// How the threshold is found; the automatic ones look at the whole image.
    pub method: ThresholdMethod,
    /// Bins of the histogram for the automatic ones.
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
    fn mask(&self, values: &Array4<f32>) -> Result<Array3<u32>, AlgorithmError> {
        let values = channel(values, self.channel)?;
        let threshold = ImageThreshold {
            method: self.method,
            bins: self.bins,
        };
        let level = threshold.level(&values)?;
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

/// A channel of values `[C, Z, Y, X]`; left out, 1, or 0 where there is only one.
pub(super) fn channel(
    values: &Array4<f32>,
    channel: Option<usize>,
) -> Result<ArrayView3<'_, f32>, AlgorithmError> {
    let channels = values.len_of(Axis(0));
    let channel = channel.unwrap_or(usize::from(channels > 1));
    if channel >= channels {
        return Err(AlgorithmError::Parameter {
            name: "channel",
            got: channel.to_string(),
            expected: format!("below {channels}, the number of channels that the network gives"),
        });
    }
    Ok(values.index_axis(Axis(0), channel))
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
