//! The same straight line for every image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scaling;
use crate::AlgorithmError;

/// `y = (x - subtract) / divide`, the same for all images: for weights that were trained on 8-bit
/// images divided by 255, or on intensities of a calibrated camera.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rescale {
    /// The intensity that becomes 0.
    pub subtract: f64,
    /// How much above it an intensity is that becomes 1; not 0.
    pub divide: f64,
}

impl Default for Rescale {
    fn default() -> Self {
        Self {
            subtract: 0.0,
            divide: 255.0,
        }
    }
}

impl Rescale {
    /// The scaling, which depends on no image.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`].
    pub fn fit(&self) -> Result<Scaling, AlgorithmError> {
        self.check()?;
        Ok(Scaling {
            subtract: self.subtract,
            divide: self.divide,
            multiply: 1.0,
            add: 0.0,
            clip: None,
            keep_zero: false,
            is_constant: false,
        })
    }

    pub(super) fn check(&self) -> Result<(), AlgorithmError> {
        if !self.subtract.is_finite() {
            let expected = "a finite number";
            return Err(AlgorithmError::parameter(
                "subtract",
                self.subtract,
                expected,
            ));
        }
        if !self.divide.is_finite() || self.divide == 0.0 {
            let expected = "a finite number other than 0";
            return Err(AlgorithmError::parameter("divide", self.divide, expected));
        }
        Ok(())
    }
}
