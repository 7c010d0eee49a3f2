//! A step before the network.

use coverslip::steps::preprocess::{Applied, PreprocessStep, Undo};
use coverslip_algorithms::AlgorithmError;
use ndarray::Array4;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes the noise of counted photons equally strong everywhere (Anscombe 1948): 2 sqrt(n + 3/8).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Anscombe {
    /// Intensity without light, taken off first; what is below becomes it.
    pub offset: f32,
    /// Intensity of one photon.
    #[schemars(range(min = 1e-6))]
    pub gain: f32,
}

impl Default for Anscombe {
    fn default() -> Self {
        Self {
            offset: 0.0,
            gain: 1.0,
        }
    }
}

impl PreprocessStep for Anscombe {
    fn apply(&self, image: &mut Array4<f32>) -> Result<Applied, AlgorithmError> {
        let Self { offset, gain } = *self;
        image.mapv_inplace(|value| {
            let photons = ((value - offset) / gain).max(0.0);
            2.0 * (photons + 0.375).sqrt()
        });
        let undo: Undo = Box::new(move |values| {
            values.mapv_inplace(|value| ((value / 2.0).powi(2) - 0.375) * gain + offset);
            Ok(())
        });
        Ok(Applied {
            warning: None,
            undo: Some(undo),
        })
    }
}
