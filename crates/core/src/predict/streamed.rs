//! Images larger than memory through a model: read, predicted, cleaned and written part by part.

use std::path::Path;
use std::sync::{Arc, atomic::AtomicBool};

use coverslip_algorithms::large::{Intermediate, Scratch};
use coverslip_image::{
    Axes, Axis, DType,
    format::{WriteOptions, create},
    sink::{Sink, Target, TimePoint},
    source::{Source, view::Channels},
};
use ndarray::{Array3, Array4};

use super::{
    PredictError,
    prepared::Prepared,
    rows::Rows,
    tiles::{Emit, Share, predict_parts},
};
use crate::{
    base::{error::Error, monitor::Monitor},
    config::Output,
    data::TargetScale,
    model::{Tiling, package::Model},
    steps::postprocess::{
        LabelPlan, PlannedLabels, PostprocessError, PostprocessStep, Prediction, likeliest,
    },
};

/// Predicts the image of `source` into the file `output`, in about `memory` bytes beside those of the
/// network; every time point by itself.
///
/// # Errors
///
/// When the image does not suit the model, a step needs it in one piece, or the result cannot be
/// written; [`Interrupted`](crate::base::error::Interrupted) when `stop` was set.
pub(super) fn predict_source(
    model: &Model,
    source: Arc<dyn Source>,
    output: (&Path, &WriteOptions),
    memory: u64,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<(), Error> {
    let source = with_channels(model, source)?;
    let job = Job {
        model,
        source: &*source,
        memory,
        monitor,
        stop,
    };
    let split = job.split();
    if model.output != Output::Labels {
        return job.values(output);
    }
    let folder = output
        .0
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let scratch = Scratch::inside(folder.unwrap_or(Path::new(".")))?;
    job.labels(split, &scratch, output)
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

/// What one prediction is about.
struct Job<'a> {
    model: &'a Model,
    source: &'a dyn Source,
    memory: u64,
    monitor: &'a dyn Monitor,
    stop: &'a AtomicBool,
}

/// The steps of post-processing: those that look at each pixel alone, and those on labels.
#[derive(Clone, Copy)]
struct Split<'a> {
    pixelwise: &'a [Box<dyn PostprocessStep>],
    on_labels: &'a [Box<dyn PostprocessStep>],
}

impl<'a> Job<'a> {
    fn split(&self) -> Split<'a> {
        let steps = &self.model.postprocess;
        let pixelwise = steps.iter().take_while(|step| step.is_pixelwise()).count();
        let (pixelwise, on_labels) = steps.split_at(pixelwise);
        Split {
            pixelwise,
            on_labels,
        }
    }

    fn times(&self) -> usize {
        self.source.info().len_of(Axis::T)
    }

    /// Sums of tiles, parts of the source and parts of the result share the memory.
    fn parts(&self, prepared: &Prepared<'_>, emit: &mut Emit<'_, Error>) -> Result<(), Error> {
        let share = Share {
            bytes: self.memory / 3,
            channels: self.model.description.io.out_channels,
        };
        let tiling: Tiling = self.model.tiling;
        predict_parts(
            self.model.predictor.as_ref(),
            prepared,
            tiling,
            share,
            self.monitor,
            emit,
        )
    }

    /// Whether results go back to the intensities of the source.
    fn is_restored(&self) -> bool {
        self.model.description.target.scale == TargetScale::Source
    }

    fn prepare(&self, time: usize) -> Result<Prepared<'a>, Error> {
        let (memory, monitor) = (self.memory / 3, self.monitor);
        Prepared::new(self.model, self.source, time, memory, monitor, self.stop)
    }

    /// What is written: `t` if there are several time points, `c` if `channels` is above 1, `z` if
    /// the source has it, `y` and `x`.
    fn target(&self, channels: usize, dtype: DType) -> Target {
        let info = self.source.info();
        let axes = Axes::canonical(|axis| match axis {
            Axis::T => info.len_of(Axis::T) > 1,
            Axis::C => channels > 1,
            Axis::Z => info.axes.contains(Axis::Z),
            Axis::Y | Axis::X => true,
        });
        let shape = axes
            .iter()
            .map(|axis| {
                if axis == Axis::C {
                    channels
                } else {
                    info.len_of(axis)
                }
            })
            .collect();
        let mut metadata = info.metadata.clone();
        metadata.channels = Vec::new();
        Target {
            axes,
            shape,
            dtype,
            metadata,
            is_labels: !dtype.is_float(),
        }
    }

    /// Probabilities or image values.
    fn values(&self, (path, options): (&Path, &WriteOptions)) -> Result<(), Error> {
        let mut sink: Option<Box<dyn Sink>> = None;
        for time in 0..self.times() {
            let prepared = self.prepare(time)?;
            let channels = self.model.description.io.out_channels;
            if sink.is_none() {
                sink = Some(create(path, self.values_target(channels), options)?);
            }
            let Some(sink) = &sink else { continue };
            let point = TimePoint::new(sink.as_ref(), time);
            let mut rows = Rows::new(&point, self.memory / 3);
            let is_restored = self.is_restored();
            self.parts(&prepared, &mut |start, mut values| {
                if is_restored {
                    prepared.restore(&mut values)?;
                }
                rows.add(start, &values)
            })?;
            rows.finish()?;
        }
        match sink {
            Some(sink) => Ok(sink.finish()?),
            None => Err(PredictError::Empty.into()),
        }
    }

    fn values_target(&self, channels: usize) -> Target {
        let mut target = self.target(channels, DType::Float32);
        let names = self.model.description.output_names(channels);
        if names.len() == channels && channels > 1 {
            target.metadata = target.metadata.with_channel_names(names);
        }
        target
    }

    fn labels(
        &self,
        split: Split<'_>,
        scratch: &Scratch,
        (path, options): (&Path, &WriteOptions),
    ) -> Result<(), Error> {
        let classes = self.model.description.io.out_channels;
        let times = self.times();
        // One time point's labels are known before the file is begun, a series' are not.
        let of = |largest: u32| match largest {
            _ if times > 1 && !split.on_labels.is_empty() => DType::UInt32,
            0..=0xffff => DType::UInt16,
            _ => DType::UInt32,
        };
        let mut sink: Option<Box<dyn Sink>> = None;
        for time in 0..times {
            let begin = |sink: &mut Option<Box<dyn Sink>>, largest: u32| -> Result<(), Error> {
                if sink.is_none() {
                    *sink = Some(create(path, self.target(1, of(largest)), options)?);
                }
                Ok(())
            };
            if split.on_labels.is_empty() {
                begin(&mut sink, classes as u32)?;
                if let Some(sink) = &sink {
                    self.classes(split, time, &TimePoint::new(sink.as_ref(), time))?;
                }
                continue;
            }
            let mut labels = self.scratch_classes(split, time, scratch)?;
            for (index, step) in split.on_labels.iter().enumerate() {
                let is_last = index + 1 == split.on_labels.len();
                let source = labels.open()?;
                let volume = labels.volume(&*source, self.memory / 2)?;
                let plan = step.plan(volume, scratch)?;
                let LabelPlan {
                    largest,
                    labels: result,
                } = plan.ok_or_else(|| self.in_one_piece(split, index))?;
                if is_last {
                    begin(&mut sink, largest)?;
                    if let Some(sink) = &sink {
                        self.write(result, &TimePoint::new(sink.as_ref(), time))?;
                    }
                    break;
                }
                let target = volume.target();
                labels = keep(result, scratch, target)?;
            }
        }
        match sink {
            Some(sink) => Ok(sink.finish()?),
            None => Err(PredictError::Empty.into()),
        }
    }

    /// Writes the result of the last step on labels.
    fn write(&self, labels: PlannedLabels<'_>, sink: &dyn Sink) -> Result<(), Error> {
        match labels {
            PlannedLabels::Write(write) => write(sink)?,
            PlannedLabels::Ready(labels) => {
                let source = labels.open()?;
                labels.volume(&*source, self.memory / 2)?.copy(sink)?;
            }
        }
        Ok(())
    }

    /// The labels of one time point before the steps on labels.
    fn scratch_classes(
        &self,
        split: Split<'_>,
        time: usize,
        scratch: &Scratch,
    ) -> Result<Intermediate, Error> {
        let mut target = self.target(1, DType::UInt32);
        if let Some(position) = target.axes.position(Axis::T) {
            target.shape.remove(position);
            target.axes = Axes::canonical(|axis| axis != Axis::T && target.axes.contains(axis));
        }
        // Classes of a network without a step that makes other labels of them.
        if self.model.description.io.out_channels <= 256 && split.pixelwise.len() <= 1 {
            target.dtype = DType::UInt8;
        }
        let (classes, into) = scratch.create(target)?;
        self.classes(split, time, &*into)?;
        into.finish()?;
        Ok(classes)
    }

    /// Predicts one time point into labels, before the steps on labels.
    fn classes(&self, split: Split<'_>, time: usize, sink: &dyn Sink) -> Result<(), Error> {
        let prepared = self.prepare(time)?;
        let mut rows = Rows::new(sink, self.memory / 3);
        let is_restored = self.is_restored();
        self.parts(&prepared, &mut |start, mut values| {
            if is_restored {
                prepared.restore(&mut values)?;
            }
            let labels = labels_of(split.pixelwise, values)?;
            rows.add(start, &labels.insert_axis(ndarray::Axis(0)))
        })?;
        rows.finish()
    }

    fn in_one_piece(&self, split: Split<'_>, index: usize) -> Error {
        let index = split.pixelwise.len() + index;
        let named = self.model.description.postprocess.get(index);
        PredictError::InOnePiece {
            path: self.source.info().path.clone(),
            step: named.map_or(String::new(), |named| named.name.clone()),
        }
        .into()
    }
}

/// The result of a step on labels, for the next one to read.
fn keep(
    labels: PlannedLabels<'_>,
    scratch: &Scratch,
    target: Target,
) -> Result<Intermediate, Error> {
    match labels {
        PlannedLabels::Ready(labels) => Ok(labels),
        PlannedLabels::Write(write) => {
            let (labels, into) = scratch.create(target)?;
            write(&*into)?;
            into.finish()?;
            Ok(labels)
        }
    }
}

fn labels_of(
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
