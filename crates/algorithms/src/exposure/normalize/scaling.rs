//! The affine map that a fitted normalisation is.

use ndarray::{ArrayViewMutD, Axis};
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;

/// `y = (x - subtract) / divide * multiply + add`, clipped if asked, for every pixel.
///
/// Arithmetic is in `f64`; the result is rounded to `f32` once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// Lower percentile, mean or minimum of the image.
    pub subtract: f64,
    /// Width of the image's range, or its standard deviation; 1 where that would be 0.
    pub divide: f64,
    /// Width of the target range.
    pub multiply: f64,
    /// Lower end of the target range.
    pub add: f64,
    /// Ends of the target range, if values are clipped to it.
    pub clip: Option<(f32, f32)>,
    /// Whether pixels of exactly 0 stay 0.
    pub keep_zero: bool,
    /// Whether the statistics had no spread: the image carries no information and the caller
    /// should warn.
    pub is_constant: bool,
}

impl Scaling {
    /// The normalised value of one pixel.
    pub fn value(&self, x: f32) -> f32 {
        if self.keep_zero && x == 0.0 {
            return 0.0;
        }
        let y = ((f64::from(x) - self.subtract) / self.divide * self.multiply + self.add) as f32;
        match self.clip {
            Some((low, _)) if y < low => low,
            Some((_, high)) if y > high => high,
            _ => y,
        }
    }

    /// The intensity that a normalised value stands for; what clipping cut off is lost.
    pub fn inverse(&self, y: f32) -> f32 {
        if self.keep_zero && y == 0.0 {
            return 0.0;
        }
        ((f64::from(y) - self.add) / self.multiply * self.divide + self.subtract) as f32
    }

    /// Normalises an array of any rank in place.
    pub fn apply(&self, values: &mut ArrayViewMutD<'_, f32>) {
        values.mapv_inplace(|x| self.value(x));
    }

    /// Undoes [`Scaling::apply`] in place.
    pub fn undo(&self, values: &mut ArrayViewMutD<'_, f32>) {
        values.mapv_inplace(|y| self.inverse(y));
    }
}

/// Scalings of an array whose first axis is the channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelScaling {
    /// One for all channels.
    Shared(Scaling),
    /// One a channel, in channel order.
    PerChannel(Vec<Scaling>),
}

impl ChannelScaling {
    /// Normalises an array `C ...` in place.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] if the array has another number of channels than was fitted.
    pub fn apply(&self, values: &mut ArrayViewMutD<'_, f32>) -> Result<(), AlgorithmError> {
        self.each_channel(values, Scaling::apply)
    }

    /// Undoes [`ChannelScaling::apply`] in place; what clipping cut off is lost.
    ///
    /// # Errors
    /// As [`ChannelScaling::apply`].
    pub fn undo(&self, values: &mut ArrayViewMutD<'_, f32>) -> Result<(), AlgorithmError> {
        self.each_channel(values, Scaling::undo)
    }

    fn each_channel(
        &self,
        values: &mut ArrayViewMutD<'_, f32>,
        change: fn(&Scaling, &mut ArrayViewMutD<'_, f32>),
    ) -> Result<(), AlgorithmError> {
        let scalings = match self {
            Self::Shared(scaling) => {
                change(scaling, values);
                return Ok(());
            }
            Self::PerChannel(scalings) => scalings,
        };
        let channels = values.shape().first().copied().unwrap_or(0);
        if channels != scalings.len() {
            let expected = format!("{}, as in the image that was fitted", scalings.len());
            return Err(AlgorithmError::parameter(
                "the number of channels",
                channels,
                expected,
            ));
        }
        for (scaling, mut channel) in scalings.iter().zip(values.axis_iter_mut(Axis(0))) {
            change(scaling, &mut channel);
        }
        Ok(())
    }

    /// Whether any channel was constant.
    pub fn is_constant(&self) -> bool {
        match self {
            Self::Shared(scaling) => scaling.is_constant,
            Self::PerChannel(scalings) => scalings.iter().any(|scaling| scaling.is_constant),
        }
    }
}
