//! A source of labels, seen as a volume that is cut into slabs.

use std::ops::Range;

use ndarray::Array3;

use crate::axes::Axis;
use crate::error::ImageError;
use crate::image::Pixels;
use crate::sink::Sink;
use crate::source::{Region, Source};

const ZYX: [Axis; 3] = [Axis::Z, Axis::Y, Axis::X];

/// A source of labels `Z Y X` (missing axes have length 1), with the memory that slabs may take.
#[derive(Clone, Copy)]
pub struct Volume<'a> {
    source: &'a dyn Source,
    /// `[Z, Y, X]`.
    pub(super) shape: [usize; 3],
    /// The axis of `Z Y X` that is cut.
    pub(super) axis: usize,
    memory: u64,
}

impl<'a> Volume<'a> {
    /// The labels of `source`; all slabs in work together take about `memory` bytes.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] for several time points or channels.
    pub fn new(source: &'a dyn Source, memory: u64) -> Result<Volume<'a>, ImageError> {
        let info = source.info();
        for axis in [Axis::T, Axis::C] {
            let length = info.len_of(axis);
            if length > 1 {
                return Err(ImageError::Unsuitable {
                    path: Some(info.path.clone()),
                    problem: format!(
                        "has {length} positions along {axis}; labels need exactly one"
                    ),
                    remedy: "crop the image to one of them".to_owned(),
                });
            }
        }
        let shape = ZYX.map(|axis| info.len_of(axis));
        Ok(Volume {
            source,
            shape,
            axis: usize::from(shape[0] == 1),
            memory,
        })
    }

    /// The number of pixels of one plane across the cut axis.
    pub(super) fn plane(&self) -> usize {
        self.shape.iter().product::<usize>() / self.shape[self.axis].max(1)
    }

    /// Ranges along the cut axis, each a multiple of the sink's or source's block where memory
    /// suffices, so that no chunk is touched by two slabs.
    ///
    /// `voxel` is how many bytes an algorithm takes a pixel, `halo` how many planes more than the
    /// slab it reads on each side.
    pub(super) fn slabs(&self, voxel: usize, halo: usize) -> Vec<Range<usize>> {
        let length = self.shape[self.axis];
        let block = self
            .source
            .info()
            .block_of(ZYX[self.axis])
            .clamp(1, length.max(1));
        let share = self.memory as usize / rayon::current_num_threads().max(1);
        let planes = share / (self.plane().max(1) * voxel);
        let most = planes.saturating_sub(2 * halo).max(1);
        let step = if most > block {
            most / block * block
        } else {
            most
        };
        (0..length)
            .step_by(step)
            .map(|start| start..(start + step).min(length))
            .collect()
    }

    /// The labels of a slab.
    pub(super) fn slab(&self, planes: Range<usize>) -> Result<Array3<u32>, ImageError> {
        let mut ranges = self.shape.map(|length| 0..length);
        ranges[self.axis] = planes;
        self.read(ranges)
    }

    /// The labels of a box.
    pub(super) fn read(&self, ranges: [Range<usize>; 3]) -> Result<Array3<u32>, ImageError> {
        let region = (ZYX.into_iter().zip(ranges))
            .filter(|(axis, _)| self.source.info().axes.contains(*axis))
            .fold(Region::default(), |region, (axis, range)| {
                region.with(axis, range)
            });
        self.source.read_region(&region)?.to_labels_zyx()
    }

    /// Writes labels `Z Y X` whose first pixel is at `origin` into a sink of the same shape, as the
    /// type that the sink has.
    pub(super) fn write(
        &self,
        sink: &dyn Sink,
        origin: [usize; 3],
        labels: Array3<u32>,
    ) -> Result<(), ImageError> {
        let target = sink.target();
        let mut array = labels.into_dyn();
        let mut place: Vec<usize> = target
            .axes
            .iter()
            .map(|axis| spatial(axis, origin))
            .collect();
        // Bring the array to the sink's axes: drop those that it lacks, then insert t and c.
        for (position, axis) in ZYX.into_iter().enumerate().rev() {
            if !target.axes.contains(axis) {
                array.index_axis_inplace(ndarray::Axis(position), 0);
            }
        }
        for (position, axis) in target.axes.iter().enumerate() {
            if matches!(axis, Axis::T | Axis::C) {
                array.insert_axis_inplace(ndarray::Axis(position));
                place[position] = 0;
            }
        }
        let (pixels, _) = Pixels::U32(array).cast(target.dtype);
        sink.write(&place, &pixels)
    }

    /// The origin of a slab.
    pub(super) fn origin(&self, start: usize) -> [usize; 3] {
        let mut origin = [0; 3];
        origin[self.axis] = start;
        origin
    }
}

fn spatial(axis: Axis, [z, y, x]: [usize; 3]) -> usize {
    match axis {
        Axis::Z => z,
        Axis::Y => y,
        Axis::X => x,
        Axis::T | Axis::C => 0,
    }
}
