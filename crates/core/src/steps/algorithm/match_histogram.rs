//! The distribution of intensities of a reference image.

mod matching;

use std::path::PathBuf;

use coverslip_algorithms::{AlgorithmError, exposure::histogram::Distribution};
use coverslip_image::{ImageError, read_image};
use ndarray::{Array4, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    base::error::{Error, Fault},
    steps::{
        operation::{Operation, expect_images},
        preprocess::{Applied, PreprocessStep},
    },
};

/// Steps along the values, and along the shares of pixels, by which a reference is kept. References
/// of up to twice as many grey values are kept whole, those of 8 bits among them.
const STEPS: usize = 1024;

/// Gives each channel the distribution of intensities of a reference image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MatchHistogramOptions {
    /// The image. Relative paths start at the folder of the config file. A model package holds the
    /// image's distributions in its place; an operation takes its second image.
    #[schemars(extend("format" = "path"))]
    pub reference: Option<PathBuf>,
    /// Channels of the reference that those of the images are matched to, from 0; left out, all of
    /// them in their order.
    #[schemars(length(min = 1))]
    pub channels: Option<Vec<usize>>,
    /// In the place of a reference: one distribution for each channel.
    pub distributions: Option<Vec<Distribution>>,
}

/// Matches images to a reference that has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchHistogram {
    distributions: Vec<Distribution>,
}

/// A reference that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// No reference is named.
    #[error("the step `match_histogram` has no `reference`")]
    Missing,
    /// Two are named.
    #[error("the step `match_histogram` has both a `reference` and `distributions`")]
    Both,
    /// The image cannot be read.
    #[error("the `reference` of the step `match_histogram` cannot be used: {source}")]
    Image {
        /// Why.
        source: ImageError,
    },
    /// A channel cannot be used.
    #[error("`{}`, the `reference` of the step `match_histogram`: {source}", path.display())]
    Algorithm {
        /// The image.
        path: PathBuf,
        /// Why.
        source: AlgorithmError,
    },
    /// A channel that the image does not have.
    #[error(
        "`{}`, the `reference` of the step `match_histogram`, has no channel {channel}",
        path.display()
    )]
    Channel {
        /// The image.
        path: PathBuf,
        /// The channel that was asked for.
        channel: usize,
        /// How many it has.
        found: usize,
    },
}

impl Fault for ReferenceError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing => "name an image: `{match_histogram: {reference: FILE}}`".to_owned(),
            Self::Both => "leave one of them out".to_owned(),
            Self::Image { source } => return source.hint(),
            Self::Algorithm { .. } => "name another image as `reference`".to_owned(),
            Self::Channel { found, .. } => format!(
                "name channels from 0 to {} in its `channels`",
                found.saturating_sub(1)
            ),
        })
    }
}

impl MatchHistogram {
    /// The step, with the reference read.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`] when there is no reference, or it cannot be used.
    pub fn new(options: MatchHistogramOptions) -> Result<Self, ReferenceError> {
        let path = match (options.reference, options.distributions) {
            (Some(path), None) => path,
            (None, Some(distributions)) if !distributions.is_empty() => {
                return Ok(Self { distributions });
            }
            (Some(_), Some(_)) => return Err(ReferenceError::Both),
            (None, _) => return Err(ReferenceError::Missing),
        };
        let image = read_image(&path)
            .and_then(|image| image.to_czyx_f32())
            .map_err(|source| ReferenceError::Image { source })?;
        let found = image.len_of(Axis(0));
        let channels = options.channels.unwrap_or_else(|| (0..found).collect());
        let distributions = channels.into_iter().map(|channel| {
            if channel >= found {
                let path = path.clone();
                return Err(ReferenceError::Channel {
                    path,
                    channel,
                    found,
                });
            }
            let distribution = Distribution::of(&image.index_axis(Axis(0), channel));
            let distribution = distribution.map_err(|source| ReferenceError::Algorithm {
                path: path.clone(),
                source,
            })?;
            Ok(distribution.thinned(STEPS))
        });
        Ok(Self {
            distributions: distributions.collect::<Result<_, _>>()?,
        })
    }
}

impl MatchHistogramOptions {
    /// As an operation on an image and its reference, or with `reference` or `distributions` on the
    /// image alone.
    ///
    /// # Errors
    ///
    /// As [`MatchHistogram::new`].
    pub(crate) fn operation(self) -> Result<Operation, ReferenceError> {
        if self.reference.is_none() && self.distributions.is_none() {
            return Ok(Box::new(move |images| {
                expect_images(2, images)?;
                matching::to_image(&images[0], &images[1], self.channels.as_deref())
            }));
        }
        let step = MatchHistogram::new(self)?;
        Ok(Box::new(move |images| {
            expect_images(1, images)?;
            matching::to_distributions(&images[0], &step.distributions)
        }))
    }
}

impl PreprocessStep for MatchHistogram {
    fn apply(&self, image: &mut Array4<f32>) -> Result<Applied, AlgorithmError> {
        let (channels, expected) = (image.len_of(Axis(0)), self.distributions.len());
        if channels != expected {
            return Err(AlgorithmError::Parameter {
                name: "the number of channels",
                got: channels.to_string(),
                expected: format!(
                    "{expected} as in the reference of `match_histogram`, whose `channels` says \
                     which are used"
                ),
            });
        }
        for (mut channel, reference) in image.outer_iter_mut().zip(&self.distributions) {
            let matched = reference.matched(&channel.view())?;
            channel.zip_mut_with(&matched, |to, &from| *to = from as f32);
        }
        Ok(Applied::default())
    }

    fn without_files(&self) -> Result<Option<Value>, Error> {
        let distributions = serde_json::to_value(&self.distributions)
            .map_err(|error| Error::bug(error.to_string()))?;
        Ok(Some(serde_json::json!({"distributions": distributions})))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;

    fn ramp(scale: f32) -> Array4<f32> {
        Array4::from_shape_fn((1, 1, 8, 8), |(_, _, y, x)| scale * (8 * y + x) as f32)
    }

    #[test]
    fn what_a_package_holds_is_the_same_step() {
        let reference = ramp(3.0);
        let step = MatchHistogram {
            distributions: vec![Distribution::of(&reference.index_axis(Axis(0), 0)).unwrap()],
        };
        let mut image = ramp(1.0);
        step.apply(&mut image).unwrap();
        assert_eq!(image, reference);
        let options = step.without_files().unwrap().unwrap();
        let again = MatchHistogram::new(serde_json::from_value(options).unwrap()).unwrap();
        assert_eq!(again, step);
        let mut colours = Array4::zeros((3, 1, 2, 2));
        let error = step.apply(&mut colours).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the number of channels is 3, expected 1 as in the reference of `match_histogram`, \
             whose `channels` says which are used"
        );
    }

    #[test]
    fn a_reference_is_asked_for_once() {
        let missing = MatchHistogram::new(MatchHistogramOptions::default());
        assert!(matches!(missing, Err(ReferenceError::Missing)));
        let both = MatchHistogram::new(MatchHistogramOptions {
            reference: Some(PathBuf::from("a.tif")),
            distributions: Some(Vec::new()),
            ..MatchHistogramOptions::default()
        });
        assert!(matches!(both, Err(ReferenceError::Both)));
    }
}
