//! Intensity normalisation, split into fitting and applying.
//!
//! Statistics come from the whole image ([`Normalization::fit`]) and are applied to any part of it
//! ([`Scaling::apply`]), so that tiles of one image are all normalised alike.
//!
//! Statistics use finite values only and accumulate in `f64`. NaN stays NaN; an infinity becomes
//! the end of the range when the method clips, and stays infinite otherwise. An image without any
//! finite value is an error.

mod center_z;
mod macenko;
mod min_max;
mod parts;
mod percentile;
mod rescale;
mod scaling;
mod standard;

use ndarray::{ArrayViewD, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::sample::Sample;
pub use center_z::CenterZ;
pub use macenko::{Macenko, NoStains, Stains};
pub use min_max::MinMax;
pub use parts::EachPart;
pub use percentile::{Percentile, percentiles};
pub use rescale::Rescale;
pub use scaling::{ChannelScaling, Scaling};
pub use standard::Standard;

/// A way to bring intensities to a common scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// Maps two percentiles to the ends of a range.
    Percentile(Percentile),
    /// Subtracts the mean and divides by the standard deviation.
    Standard(Standard),
    /// Maps the smallest and largest value to the ends of a range.
    MinMax(MinMax),
    /// Subtracts and divides by the same numbers for every image.
    Rescale(Rescale),
    /// Subtracts the mean and divides by the standard deviation of the slices in focus.
    CenterZ(CenterZ),
}

impl Default for Normalization {
    fn default() -> Self {
        Self::Percentile(Percentile::default())
    }
}

impl Normalization {
    /// Statistics of all `values`, of any rank, as one [`Scaling`].
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`], [`AlgorithmError::NoFiniteSamples`], or
    /// [`AlgorithmError::Parameter`] for settings outside their ranges.
    pub fn fit<S: Sample>(&self, values: &ArrayViewD<'_, S>) -> Result<Scaling, AlgorithmError> {
        match self {
            Self::Percentile(method) => method.fit(values),
            Self::Standard(method) => method.fit(values),
            Self::MinMax(method) => method.fit(values),
            Self::Rescale(method) => method.fit(),
            Self::CenterZ(method) => method.fit(values),
        }
    }

    /// Statistics of an array whose first axis is the channel: one scaling a channel with
    /// `per_channel`, one for all channels otherwise.
    ///
    /// # Errors
    /// As [`Normalization::fit`], and [`AlgorithmError::Rank`] for an array without axes.
    pub fn fit_channels<S: Sample>(
        &self,
        values: &ArrayViewD<'_, S>,
    ) -> Result<ChannelScaling, AlgorithmError> {
        if values.ndim() == 0 {
            let expected = "at least 1 (the channel)";
            return Err(AlgorithmError::Rank {
                what: "the image",
                got: 0,
                expected,
            });
        }
        if !self.per_channel() {
            return Ok(ChannelScaling::Shared(self.fit(values)?));
        }
        let channels = values.axis_iter(Axis(0));
        Ok(ChannelScaling::PerChannel(
            channels
                .map(|channel| self.fit(&channel))
                .collect::<Result<_, _>>()?,
        ))
    }

    /// Whether each channel gets statistics of its own.
    pub fn per_channel(&self) -> bool {
        match self {
            Self::Percentile(method) => method.per_channel,
            Self::Standard(method) => method.per_channel,
            Self::MinMax(method) => method.per_channel,
            Self::Rescale(_) => false,
            Self::CenterZ(method) => method.per_channel,
        }
    }

    /// Checks the settings without an image.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), AlgorithmError> {
        match self {
            Self::Percentile(method) => method.check(),
            Self::Standard(method) => method.check(),
            Self::MinMax(method) => method.check(),
            Self::Rescale(method) => method.check(),
            Self::CenterZ(method) => method.check(),
        }
    }
}

/// The finite values, or why there are none.
fn finite_values<S: Sample>(values: &ArrayViewD<'_, S>) -> Result<Vec<S>, AlgorithmError> {
    if values.is_empty() {
        return Err(AlgorithmError::Empty { what: "the image" });
    }
    let finite: Vec<S> = values
        .iter()
        .copied()
        .filter(|value| value.to_f64().is_finite())
        .collect();
    if finite.is_empty() {
        let count = values.len();
        return Err(AlgorithmError::NoFiniteSamples {
            what: "the image",
            count,
        });
    }
    Ok(finite)
}

fn check_epsilon(epsilon: f64) -> Result<(), AlgorithmError> {
    if epsilon.is_finite() && epsilon >= 0.0 {
        return Ok(());
    }
    Err(AlgorithmError::parameter(
        "epsilon",
        epsilon,
        "a finite number of at least 0",
    ))
}

fn check_range(range: [f32; 2]) -> Result<(), AlgorithmError> {
    if range.iter().all(|end| end.is_finite()) && range[0] < range[1] {
        return Ok(());
    }
    let got = format!("[{}, {}]", range[0], range[1]);
    Err(AlgorithmError::parameter(
        "range",
        got,
        "two finite numbers, the smaller first",
    ))
}

#[cfg(test)]
mod tests;
