//! What a prediction is written as: its axes, size, type and channels.

use coverslip_image::{
    Axes, Axis, DType, ImageError, PixelSize,
    image::Metadata,
    sink::{Sink, Target},
    source::ImageInfo,
};

use super::PredictError;
use crate::{base::error::Error, model::package::Model};

/// Begins the image that a prediction is written into.
pub(super) type Create<'a> = dyn FnMut(Target) -> Result<Box<dyn Sink>, ImageError> + 'a;

/// The image that a prediction is written into, which is begun once its type is known.
pub(super) struct Destination<'a> {
    create: &'a mut Create<'a>,
    sink: Option<Box<dyn Sink>>,
}

impl<'a> Destination<'a> {
    pub(super) fn new(create: &'a mut Create<'a>) -> Self {
        Self { create, sink: None }
    }

    /// The image; of what `target` says if it is not begun yet.
    pub(super) fn begun(&mut self, target: impl FnOnce() -> Target) -> Result<&dyn Sink, Error> {
        let sink = match self.sink.take() {
            Some(sink) => sink,
            None => (self.create)(target())?,
        };
        Ok(&**self.sink.insert(sink))
    }

    /// Writes what belongs after the pixels.
    pub(super) fn finish(self) -> Result<(), Error> {
        let sink = self.sink.ok_or(PredictError::Empty)?;
        Ok(sink.finish()?)
    }
}

/// Channels that the network gives.
pub(super) fn channels(model: &Model) -> usize {
    let outputs = model.predictor.outputs();
    if outputs.is_empty() {
        return model.description.io.out_channels;
    }
    outputs.iter().map(|output| output.channels).sum()
}

/// Names of the channels that the network gives: those of its outputs, else of the classes; none if
/// these have no names or there is one channel only.
fn channel_names(model: &Model) -> Vec<String> {
    let outputs = model.predictor.outputs();
    let channels = channels(model);
    if channels == 1 {
        return Vec::new();
    }
    if outputs.is_empty() {
        return model.description.output_names(channels);
    }
    let names = outputs.iter().flat_map(|output| {
        (0..output.channels).map(|channel| match output.channels {
            1 => output.name.clone(),
            _ => format!("{} {channel}", output.name),
        })
    });
    names.collect()
}

/// Probabilities or image values of an image.
pub(super) fn of_values(model: &Model, source: &ImageInfo) -> Target {
    let mut target = target(model, source, channels(model), DType::Float32);
    target.metadata = target.metadata.with_channel_names(channel_names(model));
    target
}

/// Labels of an image, none of them above `largest`.
pub(super) fn of_labels(model: &Model, source: &ImageInfo, largest: u32) -> Target {
    let is_pixelwise = model.postprocess.iter().all(|step| step.is_pixelwise());
    // One time point's labels are known before the file is begun, a series' are not.
    let dtype = match largest {
        _ if source.len_of(Axis::T) > 1 && !is_pixelwise => DType::UInt32,
        0..=0xffff => DType::UInt16,
        _ => DType::UInt32,
    };
    target(model, source, 1, dtype)
}

/// The axes `t` if there are several time points, `c` if `channels` is above 1, `z` if the source has it
/// or the result several sections, `y` and `x`.
fn target(model: &Model, source: &ImageInfo, channels: usize, dtype: DType) -> Target {
    let [z, y, x] = model.predictor.scale();
    let length = |axis: Axis| match axis {
        Axis::T => source.len_of(axis),
        Axis::C => channels,
        Axis::Z => source.len_of(axis) * z,
        Axis::Y => source.len_of(axis) * y,
        Axis::X => source.len_of(axis) * x,
    };
    let axes = Axes::canonical(|axis| match axis {
        Axis::T | Axis::C => length(axis) > 1,
        Axis::Z => source.axes.contains(axis) || length(axis) > 1,
        Axis::Y | Axis::X => true,
    });
    let size = source.metadata.pixel_size;
    let finer = |size: Option<f64>, scale: usize| size.map(|size| size / scale as f64);
    Target {
        shape: axes.iter().map(length).collect(),
        axes,
        dtype,
        metadata: Metadata {
            pixel_size: PixelSize {
                z: finer(size.z, z),
                y: finer(size.y, y),
                x: finer(size.x, x),
            },
            channels: Vec::new(),
            ..source.metadata.clone()
        },
        is_labels: !dtype.is_float(),
    }
}
