//! Images from one format into another: a part of them, a projection, another type, in bounded
//! memory.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use coverslip_image::copy::copy;
use coverslip_image::format::{OpenOptions, WriteOptions, create, open_with};
use coverslip_image::sink::Target;
use coverslip_image::source::view::{
    Arranged, Cast, Channels, Clipped, Cropped, Projected, Projection, SharedSource,
};
use coverslip_image::{Axes, Axis, DType};

use crate::base::{
    error::{Error, Fault},
    monitor::Monitor,
};

/// Progress counts in mebibytes.
const MEBIBYTE: u64 = 1 << 20;

/// An image that cannot be converted as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The image would be written over itself.
    #[error("`{}` is input and output", path.display())]
    OntoItself {
        /// The image.
        path: PathBuf,
    },
}

impl Fault for ConvertError {
    fn hint(&self) -> Option<String> {
        let Self::OntoItself { .. } = self;
        Some("give the output another name".to_owned())
    }
}

/// A range along an axis whose end may be that of the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first position.
    pub start: usize,
    /// The position behind the last one; the length of the axis if left out.
    pub end: Option<usize>,
}

impl Span {
    /// The range on an axis of this length.
    pub fn on(self, length: usize) -> Range<usize> {
        self.start..self.end.unwrap_or(length)
    }
}

/// What to do on the way, in this order.
#[derive(Clone, Debug, Default)]
pub struct Conversion {
    /// How the input is opened.
    pub open: OpenOptions,
    /// The resolution level of the input; 0 is the full one.
    pub level: usize,
    /// Names for the axes of the input, where it does not say them rightly.
    pub input_axes: Option<Axes>,
    /// Parts to keep along axes.
    pub crop: Vec<(Axis, Span)>,
    /// Channels to keep, counted from 0, in this order.
    pub channels: Option<Vec<usize>>,
    /// Axes to project away.
    pub project: Vec<(Axis, Projection)>,
    /// The sample type of the output.
    pub dtype: Option<DType>,
    /// The intensities that become the ends of the output's type.
    pub range: Option<[f64; 2]>,
    /// The order of the output's axes.
    pub axes: Option<Axes>,
    /// Whether the samples are labels: smaller copies then take pixels and never average them.
    pub is_labels: bool,
    /// How the output is written.
    pub write: WriteOptions,
    /// How much memory blocks on their way may take together, in bytes.
    pub memory: u64,
}

/// What a conversion came to.
#[derive(Clone, Debug)]
pub struct Converted {
    /// What was written.
    pub target: Target,
    /// Samples that the output's type could not hold.
    pub clipped: u64,
    /// Whether the user stopped it before its end.
    pub interrupted: bool,
}

/// Converts an image.
///
/// # Errors
///
/// When the input cannot be read, does not have what is asked of it, or the output cannot be
/// written; the error names the file.
pub fn convert(
    input: &Path,
    output: &Path,
    conversion: &Conversion,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<Converted, Error> {
    if let (Ok(from), Ok(to)) = (input.canonicalize(), output.canonicalize())
        && from == to
    {
        let path = output.to_owned();
        return Err(ConvertError::OntoItself { path }.into());
    }
    let (source, clipped) = source(input, conversion)?;
    for warning in &source.info().warnings {
        monitor.warn(&format!("`{}`: {warning}", input.display()));
    }
    let info = source.info();
    let target = Target {
        axes: info.axes.clone(),
        shape: info.shape.clone(),
        dtype: info.dtype,
        metadata: info.metadata.clone(),
        is_labels: conversion.is_labels,
    };
    let sink = create(output, target.clone(), &conversion.write)?;
    let task = monitor.begin("MiB", info.bytes() as u64 / MEBIBYTE);
    let done = AtomicU64::new(0);
    let advance = |bytes: u64| {
        let before = done.fetch_add(bytes, Ordering::Relaxed);
        task.advance((before + bytes) / MEBIBYTE - before / MEBIBYTE, "");
    };
    let is_complete = copy(&*source, &*sink, conversion.memory, stop, &advance)?;
    if is_complete {
        sink.finish()?;
    }
    Ok(Converted {
        target,
        clipped: clipped.count(),
        interrupted: !is_complete,
    })
}

/// The input, as it is to be written.
fn source(input: &Path, conversion: &Conversion) -> Result<(SharedSource, Clipped), Error> {
    let opened = open_with(input, &conversion.open)?;
    let mut source: SharedSource = match conversion.level {
        0 => opened.into(),
        level => opened.level(level)?.into(),
    };
    if let Some(axes) = &conversion.input_axes {
        source = Arc::new(Arranged::renamed(source, axes)?);
    }
    if !conversion.crop.is_empty() {
        let ranges: Vec<_> = (conversion.crop.iter())
            .map(|&(axis, span)| (axis, span.on(source.info().len_of(axis))))
            .collect();
        source = Arc::new(Cropped::new(source, &ranges)?);
    }
    if let Some(channels) = &conversion.channels {
        source = Arc::new(Channels::new(source, channels)?);
    }
    for &(axis, projection) in &conversion.project {
        source = Arc::new(Projected::new(source, axis, projection)?);
    }
    let mut clipped = Clipped::default();
    if conversion.dtype.is_some() || conversion.range.is_some() {
        let dtype = conversion.dtype.unwrap_or(source.info().dtype);
        let cast = Cast::new(source, dtype, conversion.range)?;
        clipped = cast.clipped();
        source = Arc::new(cast);
    }
    if let Some(axes) = &conversion.axes {
        source = Arc::new(Arranged::ordered(source, axes)?);
    }
    Ok((source, clipped))
}
