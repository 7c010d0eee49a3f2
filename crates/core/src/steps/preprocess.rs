//! Steps that an image takes before the network sees it.

mod filters;
mod stains;

use coverslip_algorithms::{
    AlgorithmError,
    exposure::normalize::{ChannelScaling, EachPart, Normalization},
};
use ndarray::Array4;
use serde_json::Value;

use crate::base::error::Error;

/// A deterministic change of a whole image `[C, Z, Y, X]`, made before patches or tiles are cut.
pub trait PreprocessStep: Send + Sync {
    /// Changes the image in place.
    ///
    /// # Errors
    ///
    /// When the step is not defined for this image, e.g. no value of it is finite.
    fn apply(&self, image: &mut Array4<f32>) -> Result<Applied, AlgorithmError>;

    /// Learns from an image of `shape`, which is shown in parts `[C, Z, Y, X]` because it is larger
    /// than memory, what [`PreprocessStep::apply`] learns from the whole image; the result can be
    /// applied to any part. `None`, as by default, if the step needs the image in one piece.
    ///
    /// # Errors
    ///
    /// As [`PreprocessStep::apply`], and when a part cannot be read.
    fn fit_parts(
        &self,
        _shape: [usize; 4],
        _each: &mut EachPart<'_, Error>,
    ) -> Result<Option<Fitted>, Error> {
        Ok(None)
    }

    /// Options of the same step that name no file, for a model package, which has to work on another
    /// machine. `None`, as by default, if the options that the step was built from name none.
    ///
    /// # Errors
    ///
    /// When they cannot be written as options.
    fn without_files(&self) -> Result<Option<Value>, Error> {
        Ok(None)
    }
}

/// A step that has learned what it needs of an image.
pub struct Fitted {
    /// Changes a part of the image in place.
    pub apply: Change,
    /// How far a pixel of the result depends on the image along Z, Y and X: parts are given with so
    /// many pixels more on each side, where the image has them.
    pub reach: [usize; 3],
    /// What the user should be warned of.
    pub warning: Option<String>,
    /// The way back; `None` for a step that has none, or leaves intensities as they are.
    pub undo: Option<Undo>,
}

/// Changes a part of an image in place.
pub type Change = Box<dyn Fn(&mut Array4<f32>) -> Result<(), AlgorithmError> + Send + Sync>;

/// Takes an image of as many channels back to the intensities before a step.
pub type Undo = Box<dyn Fn(&mut Array4<f32>) -> Result<(), AlgorithmError> + Send + Sync>;

/// What a step did to one image.
#[derive(Default)]
pub struct Applied {
    /// What the user should be warned of.
    pub warning: Option<String>,
    /// The way back; `None` for a step that has none, or leaves intensities as they are.
    pub undo: Option<Undo>,
}

/// What all steps did to one image.
#[derive(Default)]
pub struct Preprocessed {
    /// What the user should be warned of.
    pub warnings: Vec<String>,
    undo: Vec<Undo>,
}

impl Preprocessed {
    /// Adds what the next step did.
    pub(crate) fn note(&mut self, warning: Option<String>, undo: Option<Undo>) {
        self.warnings.extend(warning);
        self.undo.extend(undo);
    }

    /// Takes values on the scale of the prepared image to the intensities of the image as it was.
    ///
    /// # Errors
    ///
    /// When a step went channel by channel and the values have another number of channels.
    pub fn restore(&self, values: &mut Array4<f32>) -> Result<(), AlgorithmError> {
        self.undo.iter().rev().try_for_each(|undo| undo(values))
    }
}

impl PreprocessStep for Normalization {
    fn apply(&self, image: &mut Array4<f32>) -> Result<Applied, AlgorithmError> {
        let scaling = self.fit_channels(&image.view().into_dyn())?;
        scaling.apply(&mut image.view_mut().into_dyn())?;
        Ok(Applied {
            warning: warning(&scaling),
            undo: Some(undo(scaling)),
        })
    }

    fn fit_parts(
        &self,
        [channels, ..]: [usize; 4],
        each: &mut EachPart<'_, Error>,
    ) -> Result<Option<Fitted>, Error> {
        let Some(scaling) = Normalization::fit_parts(self, channels, each)? else {
            return Ok(None);
        };
        let to_apply = scaling.clone();
        Ok(Some(Fitted {
            apply: Box::new(move |image| to_apply.apply(&mut image.view_mut().into_dyn())),
            reach: [0; 3],
            warning: warning(&scaling),
            undo: Some(undo(scaling)),
        }))
    }
}

fn warning(scaling: &ChannelScaling) -> Option<String> {
    (scaling.is_constant())
        .then(|| "all pixels have the same value: it carries no information".to_owned())
}

fn undo(scaling: ChannelScaling) -> Undo {
    Box::new(move |values| scaling.undo(&mut values.view_mut().into_dyn()))
}

/// Takes an image through steps in their order.
///
/// # Errors
///
/// The first step's that fails.
pub fn apply_all(
    steps: &[Box<dyn PreprocessStep>],
    image: &mut Array4<f32>,
) -> Result<Preprocessed, AlgorithmError> {
    let mut all = Preprocessed::default();
    for step in steps {
        let applied = step.apply(image)?;
        all.note(applied.warning, applied.undo);
    }
    Ok(all)
}
