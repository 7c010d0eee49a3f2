//! Prediction: a trained model on images of any size.

mod band;
mod files;
mod inputs;
mod label;
mod pad;
mod part;
mod pipeline;
mod read;
mod road;
mod stitch;
mod target;
mod tile;
mod write;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use coverslip_algorithms::AlgorithmError;
use coverslip_image::{Image, sink, source};

pub use files::{PredictOptions, PredictedFiles, predict_files};
pub use inputs::OutputFormat;
pub use tile::{predict_tiled, predict_tiled_with};

use road::{Road, Room};

use crate::{
    base::{
        error::{Error, Fault},
        monitor::Monitor,
    },
    framework::Pass,
    model::package::Model,
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
/// 2D model takes a stack plane by plane; objects may then extend over several planes. Time points are
/// predicted each by itself.
/// The result has the axes and pixel size of `image`, as far as they still apply.
///
/// # Errors
///
/// When the image does not suit the model; the error names it.
///
/// # Examples
///
/// ```no_run
/// use burn::tensor::Device;
/// use coverslip::{base::monitor::Silent, model::package, predict::predict_image, registry::Registry};
/// use coverslip_image::Image;
/// use ndarray::Array2;
///
/// let registry = Registry::builtin()?;
/// let model = package::load("run/model".as_ref(), &registry, &Device::flex())?;
/// let image = Image::new(Array2::<u16>::zeros((480, 640)), "yx".parse()?)?;
/// let labels = predict_image(&model, &image, &Silent)?;
/// assert_eq!(labels.shape(), [480, 640]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn predict_image(model: &Model, image: &Image, monitor: &dyn Monitor) -> Result<Image, Error> {
    predict_image_with(model, image, Pass::default(), monitor)
}

/// As [`predict_image`], one of several predictions: all tiles are predicted with the same `pass`.
///
/// # Errors
///
/// As [`predict_image`].
pub fn predict_image_with(
    model: &Model,
    image: &Image,
    pass: Pass,
    monitor: &dyn Monitor,
) -> Result<Image, Error> {
    let road = Road {
        model,
        source: Arc::new(source::InMemory::new(image.clone())),
        room: Room::Whole,
        pass,
        monitor,
        stop: &AtomicBool::new(false),
    };
    let mut result = None;
    road.run(&mut |target| {
        // Blocks of any size cost the same in memory: none has to wait for its neighbours.
        let block = vec![1; target.shape.len()];
        let sink = sink::InMemory::new(target).with_block(block);
        result = Some(sink.clone());
        Ok(Box::new(sink))
    })?;
    Ok(result.ok_or(PredictError::Empty)?.into_image()?)
}
