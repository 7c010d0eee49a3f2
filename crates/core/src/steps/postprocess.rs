//! Steps from the network's output to the result: classes, objects, clean objects.

mod argmax;
mod operation;

use coverslip_algorithms::{
    AlgorithmError,
    large::{Intermediate, OutOfCoreError, Scratch, Volume},
};
use coverslip_image::sink::Sink;
use ndarray::{Array3, Array4};

use super::operation::OperationError;
use crate::base::error::Fault;

pub use argmax::Argmax;
pub(crate) use argmax::likeliest;
pub(crate) use operation::OnLabels;

const SEE_OPTIONS: &str = "see the step's options in `coverslip schema`";

/// What a prediction is on its way to the result.
#[derive(Clone, Debug, PartialEq)]
pub enum Prediction {
    /// Class probabilities or image values, `[C, Z, Y, X]`.
    Values(Array4<f32>),
    /// Classes or objects, `[Z, Y, X]`, 0 is background.
    Labels(Array3<u32>),
}

/// One step of post-processing.
pub trait PostprocessStep: Send + Sync {
    /// Takes the prediction one step further.
    ///
    /// # Errors
    ///
    /// When the step needs labels and gets values or the other way round, or is not defined for
    /// them.
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError>;

    /// Whether the step looks at each pixel alone, so that it may be applied to any part of an image
    /// by itself. No, unless the step says so.
    fn is_pixelwise(&self) -> bool {
        false
    }

    /// Takes labels that are larger than memory one step further; they are read and written part by
    /// part. `None`, as by default, if the step needs the image in one piece.
    ///
    /// # Errors
    ///
    /// As [`PostprocessStep::apply`], and when images cannot be read or written.
    fn plan<'a>(
        &'a self,
        _labels: Volume<'a>,
        _scratch: &'a Scratch,
    ) -> Result<Option<LabelPlan<'a>>, OutOfCoreError> {
        Ok(None)
    }
}

/// Writes labels into a sink.
pub type WriteLabels<'a> = Box<dyn FnOnce(&dyn Sink) -> Result<(), OutOfCoreError> + 'a>;

/// A step on labels larger than memory: done, or all but the writing.
pub struct LabelPlan<'a> {
    /// No label of the result is larger.
    pub largest: u32,
    /// The result, of the size of the labels.
    pub labels: PlannedLabels<'a>,
}

/// The result of a [`LabelPlan`].
pub enum PlannedLabels<'a> {
    /// It can be written into any sink.
    Write(WriteLabels<'a>),
    /// It is on the disk already.
    Ready(Intermediate),
}

/// A step that does not fit what came before it.
#[derive(Debug, thiserror::Error)]
pub enum PostprocessError {
    /// A step on labels was given values.
    #[error("the step `{step}` needs labels, but no step before it makes them")]
    NeedsLabels {
        /// The step.
        step: &'static str,
    },
    /// A step on values was given labels.
    #[error("the step `{step}` needs the network's values, but a step before it made labels")]
    NeedsValues {
        /// The step.
        step: &'static str,
    },
    /// The algorithm refused.
    #[error("the step `{step}` failed: {source}")]
    Algorithm {
        /// The step.
        step: &'static str,
        /// Why.
        source: AlgorithmError,
    },
    /// An operation on labels could not be done.
    #[error("the step `{step}` failed: {source}")]
    Operation {
        /// The step.
        step: &'static str,
        /// Why.
        source: Box<OperationError>,
    },
    /// An operation on labels gave a table or points.
    #[error("the step `{step}` gives no image")]
    NoImage {
        /// The step.
        step: &'static str,
    },
}

impl Fault for PostprocessError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NeedsLabels { .. } => {
                "put `argmax` (or `threshold`) before it in `postprocess`".to_owned()
            }
            Self::NeedsValues { step } => format!("move `{step}` to the front of `postprocess`"),
            Self::Algorithm { .. } => SEE_OPTIONS.to_owned(),
            Self::Operation { source, .. } => {
                source.hint().unwrap_or_else(|| SEE_OPTIONS.to_owned())
            }
            Self::NoImage { .. } => {
                "leave it out: only operations that give an image can be steps".to_owned()
            }
        })
    }
}

impl PostprocessError {
    fn of_operation(step: &'static str, error: OperationError) -> Self {
        match error {
            OperationError::Algorithm(source) => Self::Algorithm { step, source },
            other => Self::Operation {
                step,
                source: Box::new(other),
            },
        }
    }
}

impl Prediction {
    /// The labels, for a step that works on them.
    pub(super) fn into_labels(self, step: &'static str) -> Result<Array3<u32>, PostprocessError> {
        match self {
            Self::Labels(labels) => Ok(labels),
            Self::Values(_) => Err(PostprocessError::NeedsLabels { step }),
        }
    }
}
