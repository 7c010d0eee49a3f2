//! The one road of a prediction: an image from its source through the network into a sink. An image
//! that fits into memory is one part of it.

use std::path::Path;
use std::sync::{Arc, atomic::AtomicBool};

use coverslip_algorithms::large::Scratch;
use coverslip_image::{
    Axis,
    sink::TimePoint,
    source::{Source, view::Channels},
};
use ndarray::{Array3, Array4, Axis as Dimension};

use super::{
    PredictError,
    band::Share,
    part::Part,
    read::Prepared,
    target::{self, Create, Destination},
    tile::Tiles,
    write::Writer,
};
use crate::{
    base::{error::Error, monitor::Monitor},
    config::Output,
    data::TargetScale,
    framework::Pass,
    model::package::Model,
    steps::postprocess::{PostprocessError, PostprocessStep, Prediction, likeliest},
};

/// What one prediction is about.
pub(super) struct Road<'a> {
    pub(super) model: &'a Model,
    pub(super) source: Arc<dyn Source>,
    pub(super) room: Room<'a>,
    pub(super) pass: Pass,
    pub(super) monitor: &'a dyn Monitor,
    pub(super) stop: &'a AtomicBool,
}

/// The memory for an image and its result, beside that of the network.
#[derive(Clone, Copy)]
pub(super) enum Room<'a> {
    /// All of a time point is one part.
    Whole,
    /// Parts take about so many bytes, and labels wait for the next step in files of a folder.
    Parts { bytes: u64, folder: &'a Path },
}

impl Room<'_> {
    /// Bytes for tiles that are not finished, for parts of the source, and for parts of the result;
    /// `None` for no limit.
    pub(super) fn share(self) -> Option<u64> {
        match self {
            Self::Whole => None,
            Self::Parts { bytes, .. } => Some(bytes / 3),
        }
    }
}

impl Road<'_> {
    /// Predicts the image into what `create` begins; every time point by itself.
    ///
    /// # Errors
    ///
    /// When the image does not suit the model, a step needs it in one piece and gets parts, or the
    /// result cannot be written; [`Interrupted`](crate::base::error::Interrupted) when `stop` was set.
    pub(super) fn run<'c>(mut self, create: &'c mut Create<'c>) -> Result<(), Error> {
        self.source = with_channels(self.model, self.source)?;
        let is_labels = self.model.output == Output::Labels;
        let scratch = match self.room {
            Room::Parts { bytes, folder } if is_labels => Some((Scratch::inside(folder)?, bytes)),
            _ => None,
        };
        let mut result = Destination::new(create);
        for time in 0..self.source.info().len_of(Axis::T) {
            let at = (&*self.source, time);
            let part_memory = self.room.share();
            let prepared = Prepared::new(self.model, at, part_memory, self.monitor, self.stop)?;
            match &scratch {
                Some(scratch) => self.labels_of_parts(&prepared, time, scratch, &mut result)?,
                None if is_labels => self.labels_of_whole(&prepared, time, &mut result)?,
                None => self.values(&prepared, time, &mut result)?,
            }
        }
        result.finish()
    }

    /// Tiles through the network.
    fn tiles(&self) -> Tiles<'_> {
        let share = self.room.share().map_or_else(Share::whole, |bytes| Share {
            bytes,
            channels: target::channels(self.model),
        });
        Tiles {
            predictor: self.model.predictor.as_ref(),
            tiling: self.model.tiling,
            pass: self.pass,
            share,
            monitor: self.monitor,
        }
    }

    /// Finished parts of the network's values, on the scale that results have.
    pub(super) fn each_part(
        &self,
        prepared: &Prepared<'_>,
        take: &mut (dyn FnMut(Part) -> Result<(), Error> + Send),
    ) -> Result<(), Error> {
        let is_restored = self.is_restored();
        self.tiles().each_part(prepared, &mut |mut part| {
            if is_restored {
                prepared.restore(&mut part.values)?;
            }
            take(part)
        })
    }

    /// Whether results go back to the intensities of the source.
    fn is_restored(&self) -> bool {
        self.model.description.target.scale == TargetScale::Source
    }

    /// Probabilities or image values.
    fn values(
        &self,
        prepared: &Prepared<'_>,
        time: usize,
        result: &mut Destination<'_>,
    ) -> Result<(), Error> {
        let sink = result.begun(|| target::of_values(self.model, self.source.info()))?;
        let point = TimePoint::new(sink, time);
        let mut writer = Writer::new(&point, self.room.share());
        self.each_part(prepared, &mut |part| writer.add(part))?;
        writer.finish()
    }

    /// Labels of an image in one part, to which every step can be applied.
    fn labels_of_whole(
        &self,
        prepared: &Prepared<'_>,
        time: usize,
        result: &mut Destination<'_>,
    ) -> Result<(), Error> {
        let mut values = self.tiles().whole(prepared)?;
        if self.is_restored() {
            prepared.restore(&mut values)?;
        }
        let labels = labels_of(&self.model.postprocess, values)?;
        let largest = labels.iter().copied().max().unwrap_or(0);
        let sink = result.begun(|| target::of_labels(self.model, self.source.info(), largest))?;
        let point = TimePoint::new(sink, time);
        let mut writer = Writer::new(&point, None);
        writer.add(Part {
            start: [0; 3],
            values: labels.insert_axis(Dimension(0)),
        })?;
        writer.finish()
    }
}

/// The channels that the model was trained on.
fn with_channels(model: &Model, source: Arc<dyn Source>) -> Result<Arc<dyn Source>, Error> {
    let found = source.info().len_of(Axis::C);
    let source = match &model.description.channels {
        Some(channels) if channels.iter().all(|&channel| channel < found) => {
            Arc::new(Channels::new(source, channels)?)
        }
        _ => source,
    };
    let info = source.info();
    let (found, expected) = (info.len_of(Axis::C), model.description.io.in_channels);
    if found != expected {
        let path = info.path.clone();
        return Err(PredictError::Channels {
            path,
            found,
            expected,
        }
        .into());
    }
    if info.bytes() == 0 {
        return Err(PredictError::Empty.into());
    }
    Ok(source)
}

/// The labels that steps make of values `[C, Z, Y, X]`; without a step that makes labels, a pixel's is
/// its likeliest class.
pub(super) fn labels_of(
    steps: &[Box<dyn PostprocessStep>],
    values: Array4<f32>,
) -> Result<Array3<u32>, PostprocessError> {
    let prediction = steps
        .iter()
        .try_fold(Prediction::Values(values), |prediction, step| {
            step.apply(prediction)
        })?;
    Ok(match prediction {
        Prediction::Labels(labels) => labels,
        Prediction::Values(values) => likeliest(&values),
    })
}
