//! Prediction: a trained model on images of any size.

mod bands;
mod files;
mod joining;
mod pipeline;
mod prepared;
mod rows;
mod streamed;
mod tiles;

use std::path::PathBuf;

use coverslip_algorithms::AlgorithmError;
use coverslip_image::{Axis, Image};
use ndarray::Array4;

pub use files::{OutputFormat, PredictOptions, PredictedFiles, predict_files};
use prepared::check_finite;
pub use tiles::predict_tiled;

use crate::{
    base::{
        error::{Error, Fault},
        monitor::Monitor,
    },
    config::Output,
    data::TargetScale,
    model::package::Model,
    steps::{
        postprocess::{Prediction, likeliest},
        preprocess,
    },
};

/// An image that cannot be predicted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The image has another number of channels than the training images.
    #[error("`{}` has {found} channel{}, but the model was trained on {expected}", path.display(), if *found == 1 { "" } else { "s" })]
    Channels {
        /// The image.
        path: PathBuf,
        /// Its channels.
        found: usize,
        /// The model's.
        expected: usize,
    },
    /// The image has values that are not finite.
    #[error("`{}` has {count} value{} not finite (NaN or infinite), the first at {place}", path.display(), if *count == 1 { " that is" } else { "s that are" })]
    NotFinite {
        /// The image.
        path: PathBuf,
        /// How many.
        count: usize,
        /// Channel and pixel of the first.
        place: String,
    },
    /// Preprocessing or tiling refused.
    #[error("{source}")]
    Algorithm {
        /// Why.
        #[from]
        source: AlgorithmError,
    },
    /// Cropped tiles cannot equal the whole image.
    #[error(
        "blend `crop` is not possible with this model: its instance normalisation sees the whole tile"
    )]
    CropImpossible,
    /// An image without pixels.
    #[error("the image has no pixels")]
    Empty,
    /// A step that cannot work part by part, on an image larger than memory.
    #[error("`{}` is larger than the memory allows, and the step `{step}` needs it in one piece", path.display())]
    InOnePiece {
        /// The image.
        path: PathBuf,
        /// The step.
        step: String,
    },
    /// Two inputs would be written to the same file.
    #[error("`{}` and `{}` would both be predicted into `{}`", first.display(), second.display(), output.display())]
    SameOutput {
        /// One input.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// Their output.
        output: PathBuf,
    },
    /// A prediction would replace its own input.
    #[error("the prediction would replace its input `{}`", path.display())]
    OverwritesInput {
        /// The input.
        path: PathBuf,
    },
}

impl Fault for PredictError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Channels { expected, .. } => format!(
                "give images with {expected} {}, or train a model on images like this one",
                if *expected == 1 {
                    "channel (grey)"
                } else {
                    "channels"
                }
            ),
            Self::NotFinite { .. } => {
                "replace these values, for instance by 0, and save the image again".to_owned()
            }
            Self::Algorithm {
                source: AlgorithmError::TileTooSmall { needed, .. },
            } => format!(
                "use tiles of at least {needed} pixels, e.g. `--tile {needed}`, or blend `gaussian`"
            ),
            Self::InOnePiece { .. } => {
                "allow more with `--memory`, crop the image with `coverslip convert --crop`, or \
                 leave the step out"
                    .to_owned()
            }
            Self::SameOutput { .. } => {
                "predict them in two calls with different `--output` folders".to_owned()
            }
            Self::OverwritesInput { .. } => "choose another `--output` folder".to_owned(),
            Self::CropImpossible => "use blend `gaussian`".to_owned(),
            Self::Algorithm { source } => return source.hint(),
            Self::Empty => return None,
        })
    }
}

/// Predicts one image: preprocessing with statistics of the whole image, tiles, post-processing. A
/// 2D model takes a stack plane by plane; objects may then extend over several planes.
/// The result has the axes and pixel size of `image`, as far as they still apply.
///
/// # Errors
///
/// When the image does not suit the model; the error names it.
pub fn predict_image(model: &Model, image: &Image, monitor: &dyn Monitor) -> Result<Image, Error> {
    let name = image.path().unwrap_or("the image".as_ref()).to_owned();
    let mut array = check(model, image, &name)?;
    let preprocessed = preprocess::apply_all(&model.preprocess, &mut array)?;
    for warning in &preprocessed.warnings {
        monitor.warn(&format!("`{}`: {warning}", name.display()));
    }
    let mut values = predict_tiled(
        model.predictor.as_ref(),
        &array.view(),
        model.tiling,
        monitor,
    )?;
    if model.description.target.scale == TargetScale::Source {
        preprocessed.restore(&mut values)?;
    }
    finish(model, values, image)
}

fn check(model: &Model, image: &Image, name: &std::path::Path) -> Result<Array4<f32>, Error> {
    let path = || name.to_owned();
    let mut array = image.to_czyx_f32()?;
    if let Some(channels) = &model.description.channels
        && channels.iter().all(|&channel| channel < array.dim().0)
    {
        array = array.select(ndarray::Axis(0), channels);
    }
    let found = array.dim().0;
    let expected = model.description.io.in_channels;
    if found != expected {
        return Err(PredictError::Channels {
            path: path(),
            found,
            expected,
        }
        .into());
    }
    if array.is_empty() {
        return Err(PredictError::Empty.into());
    }
    let (_, z, y, x) = array.dim();
    check_finite(&array, name, &[0..z, 0..y, 0..x])?;
    Ok(array)
}

fn finish(model: &Model, values: Array4<f32>, like: &Image) -> Result<Image, Error> {
    let names = model.description.output_names(values.dim().0);
    if model.output != Output::Labels {
        let image = Image::from_czyx(values, like);
        let named = image.len_of(Axis::C) == names.len() && names.len() > 1;
        return Ok(if named {
            image.with_channel_names(names)?
        } else {
            image
        });
    }
    let mut prediction = Prediction::Values(values);
    for step in &model.postprocess {
        prediction = step.apply(prediction)?;
    }
    // Without a step that makes labels, a pixel's is its likeliest class.
    let labels = match prediction {
        Prediction::Labels(labels) => labels,
        Prediction::Values(values) => likeliest(&values),
    };
    Ok(Image::from_labels(&labels, like))
}
