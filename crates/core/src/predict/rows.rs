//! Finished parts of a prediction, held until they fill blocks of the file.

use std::ops::Range;

use coverslip_image::{Axis, Pixels, image::PixelType, sink::Sink};
use ndarray::{Array4, ArrayView4, Axis as Dimension, concatenate, s};

use crate::base::error::Error;

/// Gathers parts `[C, Z, Y, X]` that come along one axis up to the next multiple of the sink's
/// blocks, so that no chunk of the file is written twice.
pub(super) struct Rows<'a, T> {
    sink: &'a dyn Sink,
    /// The axis of `Z Y X` along which parts are gathered: `Z`, or `Y` for one section.
    axis: usize,
    /// The length of a block along it.
    step: usize,
    /// Where the first of the pieces lies.
    start: [usize; 3],
    pieces: Vec<Array4<T>>,
}

impl<'a, T: PixelType> Rows<'a, T> {
    /// For parts of the sink's image, of which about `memory` bytes may be held.
    pub(super) fn new(sink: &'a dyn Sink, memory: u64) -> Self {
        let target = sink.target();
        let axis = usize::from(target.len_of(Axis::Z) == 1);
        let name = [Axis::Z, Axis::Y][axis];
        let block = (target.axes.position(name)).map_or(1, |position| sink.block()[position]);
        let length = target.len_of(name).max(1);
        let samples = (target.shape.iter().product::<usize>() / length).max(1);
        let most = memory as usize / (samples * size_of::<T>());
        Self {
            sink,
            axis,
            // Where a whole block is too much, its parts are written one after the other.
            step: block.clamp(1, length).min(most.max(1)),
            start: [0; 3],
            pieces: Vec::new(),
        }
    }

    /// Takes a part whose first pixel lies at `start`.
    pub(super) fn add(&mut self, start: [usize; 3], part: &Array4<T>) -> Result<(), Error> {
        if !self.pieces.is_empty() && !self.continues(start, part) {
            self.flush()?;
        }
        let first = start[self.axis];
        let end = first + part.len_of(Dimension(self.axis + 1));
        let mut at = first;
        while at < end {
            let next = ((at / self.step + 1) * self.step).min(end);
            if self.pieces.is_empty() {
                self.start = start;
                self.start[self.axis] = at;
            }
            self.pieces
                .push(self.slice(part, at - first..next - first).to_owned());
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

    fn slice<'p>(&self, part: &'p Array4<T>, range: Range<usize>) -> ArrayView4<'p, T> {
        if self.axis == 0 {
            part.slice(s![.., range, .., ..])
        } else {
            part.slice(s![.., .., range, ..])
        }
    }

    /// Whether a part lies behind what is held, at the same place of the other axes.
    fn continues(&self, start: [usize; 3], part: &Array4<T>) -> bool {
        let Some(last) = self.pieces.last() else {
            return true;
        };
        let along = Dimension(self.axis + 1);
        let held: usize = self.pieces.iter().map(|piece| piece.len_of(along)).sum();
        (0..3).all(|axis| {
            if axis == self.axis {
                start[axis] == self.start[axis] + held
            } else {
                start[axis] == self.start[axis] && part.shape()[axis + 1] == last.shape()[axis + 1]
            }
        })
    }

    fn flush(&mut self) -> Result<(), Error> {
        let pieces = std::mem::take(&mut self.pieces);
        let views: Vec<_> = pieces.iter().map(|piece| piece.view()).collect();
        if views.is_empty() {
            return Ok(());
        }
        let joined = concatenate(Dimension(self.axis + 1), &views)
            .map_err(|error| Error::bug(format!("parts of a prediction do not fit: {error}")))?;
        drop(pieces);
        let target = self.sink.target();
        let mut array = joined.into_dyn();
        let axes = [Axis::C, Axis::Z, Axis::Y, Axis::X];
        for (position, axis) in axes.into_iter().enumerate().rev() {
            if !target.axes.contains(axis) {
                array.index_axis_inplace(Dimension(position), 0);
            }
        }
        let origin: Vec<usize> = (target.axes.iter())
            .map(|axis| match axis {
                Axis::Z => self.start[0],
                Axis::Y => self.start[1],
                Axis::X => self.start[2],
                Axis::C | Axis::T => 0,
            })
            .collect();
        let (pixels, clipped) = Pixels::from(array).cast(target.dtype);
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
