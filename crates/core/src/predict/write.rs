//! Finished parts of a prediction, held until they fill blocks of the file.

use std::ops::Range;

use coverslip_image::{Axis, Pixels, image::PixelType, sink::Sink};
use ndarray::{Array4, ArrayView4, Axis as Dimension, concatenate, s};

use super::part::Part;
use crate::base::error::Error;

/// Gathers parts that come along one axis up to the next multiple of the sink's blocks, so that no
/// chunk of the file is written twice.
pub(super) struct Writer<'a, T> {
    sink: &'a dyn Sink,
    /// The axis of `Z Y X` along which parts are gathered: `Z`, or `Y` for one section.
    axis: usize,
    /// The length of the image along it.
    length: usize,
    /// The length of a block along it.
    step: usize,
    /// Where the first of the pieces lies.
    start: [usize; 3],
    pieces: Vec<Array4<T>>,
}

impl<'a, T: PixelType> Writer<'a, T> {
    /// For parts of the sink's image, of which about `memory` bytes may be held; `None` for no limit.
    pub(super) fn new(sink: &'a dyn Sink, memory: Option<u64>) -> Self {
        let target = sink.target();
        let axis = usize::from(target.len_of(Axis::Z) == 1);
        let name = [Axis::Z, Axis::Y][axis];
        let block = (target.axes.position(name)).map_or(1, |position| sink.block()[position]);
        let length = target.len_of(name).max(1);
        let samples = (target.shape.iter().product::<usize>() / length).max(1);
        let memory = memory.map_or(usize::MAX, |bytes| bytes as usize);
        let most = memory / (samples * size_of::<T>());
        Self {
            sink,
            axis,
            length,
            // Where a whole block is too much, its parts are written one after the other.
            step: block.clamp(1, length).min(most.max(1)),
            start: [0; 3],
            pieces: Vec::new(),
        }
    }

    /// Takes a part.
    pub(super) fn add(&mut self, part: Part<T>) -> Result<(), Error> {
        if !self.pieces.is_empty() && !self.continues(&part) {
            self.flush()?;
        }
        let first = part.start[self.axis];
        let end = first + part.size()[self.axis];
        let is_edge = |at: usize| at.is_multiple_of(self.step) || at == self.length;
        if self.pieces.is_empty() && is_edge(first) && is_edge(end) {
            return self.write(part);
        }
        let mut at = first;
        while at < end {
            let next = ((at / self.step + 1) * self.step).min(end);
            if self.pieces.is_empty() {
                self.start = part.start;
                self.start[self.axis] = at;
            }
            self.pieces.push(
                self.slice(&part.values, at - first..next - first)
                    .to_owned(),
            );
            if next.is_multiple_of(self.step) {
                self.flush()?;
            }
            at = next;
        }
        Ok(())
    }

    /// Writes what is still held.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.flush()
    }

    fn slice<'p>(&self, values: &'p Array4<T>, range: Range<usize>) -> ArrayView4<'p, T> {
        if self.axis == 0 {
            values.slice(s![.., range, .., ..])
        } else {
            values.slice(s![.., .., range, ..])
        }
    }

    /// Whether a part lies behind what is held, at the same place of the other axes.
    fn continues(&self, part: &Part<T>) -> bool {
        let Some(last) = self.pieces.last() else {
            return true;
        };
        let along = Dimension(self.axis + 1);
        let held: usize = self.pieces.iter().map(|piece| piece.len_of(along)).sum();
        let (start, shape) = (part.start, part.values.shape());
        (0..3).all(|axis| {
            if axis == self.axis {
                start[axis] == self.start[axis] + held
            } else {
                start[axis] == self.start[axis] && shape[axis + 1] == last.shape()[axis + 1]
            }
        })
    }

    fn flush(&mut self) -> Result<(), Error> {
        let pieces = std::mem::take(&mut self.pieces);
        let views: Vec<_> = pieces.iter().map(|piece| piece.view()).collect();
        if views.is_empty() {
            return Ok(());
        }
        let values = concatenate(Dimension(self.axis + 1), &views)
            .map_err(|error| Error::bug(format!("parts of a prediction do not fit: {error}")))?;
        drop(pieces);
        let start = self.start;
        self.write(Part { start, values })
    }

    /// Writes a part with the axes and the type that the sink has.
    fn write(&self, Part { start, values }: Part<T>) -> Result<(), Error> {
        let target = self.sink.target();
        let mut array = values.into_dyn();
        let axes = [Axis::C, Axis::Z, Axis::Y, Axis::X];
        for (position, axis) in axes.into_iter().enumerate().rev() {
            if !target.axes.contains(axis) {
                array.index_axis_inplace(Dimension(position), 0);
            }
        }
        let origin: Vec<usize> = (target.axes.iter())
            .map(|axis| match axis {
                Axis::Z => start[0],
                Axis::Y => start[1],
                Axis::X => start[2],
                Axis::C | Axis::T => 0,
            })
            .collect();
        let pixels = Pixels::from(array);
        if pixels.dtype() == target.dtype {
            return Ok(self.sink.write(&origin, &pixels)?);
        }
        let (pixels, clipped) = pixels.cast(target.dtype);
        if clipped > 0 {
            let problem = format!(
                "a step of post-processing made labels beyond {}",
                target.dtype
            );
            return Err(Error::bug(problem));
        }
        Ok(self.sink.write(&origin, &pixels)?)
    }
}
