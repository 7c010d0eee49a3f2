//! One time point of an image that is being written.

use super::{Sink, Target};
use crate::axes::{Axes, Axis};
use crate::error::ImageError;
use crate::image::{Pixels, match_pixels};

/// A sink for the image at one time point of another; it has no axis `t`.
pub struct TimePoint<'a> {
    series: &'a dyn Sink,
    index: usize,
    target: Target,
    block: Vec<usize>,
}

impl<'a> TimePoint<'a> {
    /// Time point `index` of `series`; all of it if it has no axis `t`.
    pub fn new(series: &'a dyn Sink, index: usize) -> TimePoint<'a> {
        let mut target = series.target().clone();
        let mut block = series.block().to_vec();
        if let Some(position) = target.axes.position(Axis::T) {
            target.shape.remove(position);
            block.remove(position);
            let rest: Vec<Axis> = target.axes.iter().filter(|&axis| axis != Axis::T).collect();
            target.axes = Axes::new(&rest).unwrap_or(target.axes);
        }
        TimePoint {
            series,
            index,
            target,
            block,
        }
    }
}

impl Sink for TimePoint<'_> {
    fn target(&self) -> &Target {
        &self.target
    }

    fn block(&self) -> &[usize] {
        &self.block
    }

    fn write(&self, origin: &[usize], pixels: &Pixels) -> Result<(), ImageError> {
        let Some(position) = self.series.target().axes.position(Axis::T) else {
            return self.series.write(origin, pixels);
        };
        let mut origin = origin.to_vec();
        origin.insert(position, self.index);
        let pixels: Pixels = match_pixels!(pixels, array => {
            array.clone().insert_axis(ndarray::Axis(position)).into()
        });
        self.series.write(&origin, &pixels)
    }

    /// Does nothing: the series is finished as a whole.
    fn finish(self: Box<Self>) -> Result<(), ImageError> {
        Ok(())
    }
}
