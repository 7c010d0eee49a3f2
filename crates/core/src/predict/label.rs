//! Labels of images larger than memory: each step reads what the one before left on the disk.

use coverslip_algorithms::large::{Intermediate, Scratch};
use coverslip_image::{
    Axes, Axis, DType,
    sink::{Sink, Target, TimePoint},
};
use ndarray::Axis as Dimension;

use super::{
    PredictError,
    part::Part,
    read::Prepared,
    road::{Road, labels_of},
    target::{self, Destination},
    write::Writer,
};
use crate::{
    base::error::Error,
    steps::postprocess::{LabelPlan, PlannedLabels, PostprocessStep},
};

/// Steps of post-processing.
type Steps = [Box<dyn PostprocessStep>];

impl Road<'_> {
    /// Predicts one time point into labels, in `scratch` with so many bytes of memory.
    pub(super) fn labels_of_parts(
        &self,
        prepared: &Prepared<'_>,
        time: usize,
        (scratch, bytes): &(Scratch, u64),
        result: &mut Destination<'_>,
    ) -> Result<(), Error> {
        let (pixelwise, on_labels) = split(&self.model.postprocess);
        let info = self.source.info();
        if on_labels.is_empty() {
            let classes = target::channels(self.model) as u32;
            let sink = result.begun(|| target::of_labels(self.model, info, classes))?;
            return self.classes(prepared, pixelwise, &TimePoint::new(sink, time));
        }
        let mut labels = self.classes_on_disk(prepared, pixelwise, scratch)?;
        for (index, step) in on_labels.iter().enumerate() {
            let source = labels.open()?;
            let volume = labels.volume(&*source, bytes / 2)?;
            let plan = step.plan(volume, scratch)?;
            let plan = plan.ok_or_else(|| self.in_one_piece(pixelwise.len() + index))?;
            if index + 1 == on_labels.len() {
                let begin = || target::of_labels(self.model, info, plan.largest);
                let sink = result.begun(begin)?;
                return write(plan, &TimePoint::new(sink, time), bytes / 2);
            }
            let target = volume.target();
            labels = keep(plan, scratch, target)?;
        }
        Ok(())
    }

    /// The labels of one time point before the steps on labels.
    fn classes_on_disk(
        &self,
        prepared: &Prepared<'_>,
        steps: &Steps,
        scratch: &Scratch,
    ) -> Result<Intermediate, Error> {
        let mut target = target::of_labels(self.model, self.source.info(), u32::MAX);
        if let Some(position) = target.axes.position(Axis::T) {
            target.shape.remove(position);
            target.axes = Axes::canonical(|axis| axis != Axis::T && target.axes.contains(axis));
        }
        // Classes of a network without a step that makes other labels of them.
        if target::channels(self.model) <= 256 && steps.len() <= 1 {
            target.dtype = DType::UInt8;
        }
        let (classes, into) = scratch.create(target)?;
        self.classes(prepared, steps, &*into)?;
        into.finish()?;
        Ok(classes)
    }

    /// Predicts one time point into the labels that `steps` make of each pixel by itself.
    fn classes(
        &self,
        prepared: &Prepared<'_>,
        steps: &Steps,
        sink: &dyn Sink,
    ) -> Result<(), Error> {
        let mut writer = Writer::new(sink, self.room.share());
        self.each_part(prepared, &mut |Part { start, values }| {
            let labels = labels_of(steps, values)?.insert_axis(Dimension(0));
            writer.add(Part {
                start,
                values: labels,
            })
        })?;
        writer.finish()
    }

    fn in_one_piece(&self, index: usize) -> Error {
        let named = self.model.description.postprocess.get(index);
        PredictError::InOnePiece {
            path: self.source.info().path.clone(),
            step: named.map_or(String::new(), |named| named.name.clone()),
        }
        .into()
    }
}

/// The steps that look at each pixel alone, and those on labels.
fn split(steps: &Steps) -> (&Steps, &Steps) {
    let pixelwise = steps.iter().take_while(|step| step.is_pixelwise()).count();
    steps.split_at(pixelwise)
}

/// Writes the result of the last step on labels.
fn write(plan: LabelPlan<'_>, sink: &dyn Sink, memory: u64) -> Result<(), Error> {
    match plan.labels {
        PlannedLabels::Write(write) => write(sink)?,
        PlannedLabels::Ready(labels) => {
            let source = labels.open()?;
            labels.volume(&*source, memory)?.copy(sink)?;
        }
    }
    Ok(())
}

/// The result of a step on labels, for the next one to read.
fn keep(plan: LabelPlan<'_>, scratch: &Scratch, target: Target) -> Result<Intermediate, Error> {
    match plan.labels {
        PlannedLabels::Ready(labels) => Ok(labels),
        PlannedLabels::Write(write) => {
            let (labels, into) = scratch.create(target)?;
            write(&*into)?;
            into.finish()?;
            Ok(labels)
        }
    }
}
