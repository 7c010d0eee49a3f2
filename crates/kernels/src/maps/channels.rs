//! Copies of channels from one map into another: concatenation, its adjoint, and other layouts.

use rayon::prelude::*;

use super::layout::MapShape;
use super::parts::PART;
use crate::{Buffer, LANES, Pointer};

/// Channels of a map.
#[derive(Clone, Copy)]
struct Selection<'a> {
    shape: MapShape,
    values: &'a [f32],
    /// The first channel.
    first: usize,
    count: usize,
}

/// Channels that lie side by side in both maps.
struct Run<'a> {
    /// The first lane and the first value of the plane it comes from.
    from: &'a [f32],
    from_lanes: usize,
    to_lane: usize,
    count: usize,
}

impl Run<'_> {
    /// Copies `pixels` pixels from pixel `start`.
    ///
    /// # Safety
    ///
    /// `to` must be pixel `start` of the plane, valid for as many pixels of `to_lanes` lanes.
    unsafe fn copy(&self, start: usize, pixels: usize, to: *mut f32, to_lanes: usize) {
        let from = &self.from[start * self.from_lanes..];
        assert!(from.len() >= (pixels - 1) * self.from_lanes + self.count);
        let from = from.as_ptr();
        // SAFETY: the last pixel read is within the slice as just checked; the target is as the
        // caller promises.
        unsafe {
            let to = to.add(self.to_lane);
            if self.count == self.from_lanes && self.count == to_lanes {
                std::ptr::copy_nonoverlapping(from, to, pixels * to_lanes);
            } else if self.count == 1 {
                for pixel in 0..pixels {
                    *to.add(pixel * to_lanes) = *from.add(pixel * self.from_lanes);
                }
            } else {
                for pixel in 0..pixels {
                    let source = from.add(pixel * self.from_lanes);
                    let target = to.add(pixel * to_lanes);
                    for lane in 0..self.count {
                        *target.add(lane) = *source.add(lane);
                    }
                }
            }
        }
    }
}

/// The runs of one plane of the target.
fn runs<'a>(target: MapShape, plane: usize, sources: &[Selection<'a>]) -> Vec<Run<'a>> {
    let (image, unit) = (plane / target.units(), plane % target.units());
    let channels = target.channels_of(unit);
    let mut runs = Vec::new();
    let mut offset = 0;
    for source in sources {
        let here = channels.start.max(offset)..channels.end.min(offset + source.count);
        let mut channel = here.start;
        while channel < here.end {
            let wanted = source.first + channel - offset;
            let lanes = source.shape.lanes();
            let count = (here.end - channel).min(lanes - wanted % lanes);
            let plane = image * source.shape.units() + wanted / lanes;
            let len = source.shape.plane_len();
            runs.push(Run {
                from: &source.values[plane * len..][..len][wanted % lanes..],
                from_lanes: lanes,
                to_lane: channel - channels.start,
                count,
            });
            channel += count;
        }
        offset += source.count;
    }
    runs
}

/// A map of the channels of the sources, one after the other.
fn gather(target: MapShape, sources: &[Selection<'_>]) -> Buffer {
    let pixels = target.extent.pixels();
    if pixels == 0 {
        return Buffer::zeros(0);
    }
    let planes: Vec<Vec<Run<'_>>> = (0..target.planes())
        .map(|plane| runs(target, plane, sources))
        .collect();
    let (step, lanes, units) = (PART / LANES, target.lanes(), target.units());
    let pieces = pixels.div_ceil(step);
    // A piece of sixteen channels at a time, so that a blocked source is read once.
    let together = LANES / lanes;
    let groups = units.div_ceil(together);
    let fill = |values: Pointer| {
        (0..target.extent.n * groups * pieces)
            .into_par_iter()
            .for_each(|index| {
                let (image, group) = (index / pieces / groups, index / pieces % groups);
                let start = index % pieces * step;
                let count = step.min(pixels - start);
                for unit in group * together..units.min((group + 1) * together) {
                    let plane = image * units + unit;
                    // SAFETY: the pixels are within the target and no other task's.
                    unsafe {
                        let to = values.at((plane * pixels + start) * lanes);
                        if target.channels_of(unit).len() < lanes {
                            std::ptr::write_bytes(to, 0, count * lanes);
                        }
                        for run in &planes[plane] {
                            run.copy(start, count, to, lanes);
                        }
                    }
                }
            });
    };
    Buffer::filled_by(target.len(), fill)
}

fn check(shape: MapShape, values: &[f32]) {
    assert_eq!(values.len(), shape.len(), "values of {shape:?}");
}

/// One map of the layout of `result` with the channels of several, which may have any layout and any
/// numbers of channels. With one map it is a change of layout.
///
/// # Panics
///
/// When the numbers of values are not those of the shapes, or images, sizes or channels do not
/// agree.
pub fn concatenate(result: MapShape, maps: &[(MapShape, &[f32])]) -> Buffer {
    let selections: Vec<Selection<'_>> = maps
        .iter()
        .map(|&(shape, values)| {
            check(shape, values);
            assert_eq!(shape.extent, result.extent, "extents");
            Selection {
                shape,
                values,
                first: 0,
                count: shape.channels,
            }
        })
        .collect();
    let channels: usize = selections.iter().map(|map| map.count).sum();
    assert_eq!(channels, result.channels, "channels");
    gather(result, &selections)
}

/// The adjoint of [`concatenate`]: maps of the shapes `parts` with a map's channels in turn.
///
/// # Panics
///
/// As [`concatenate`].
pub fn split(shape: MapShape, values: &[f32], parts: &[MapShape]) -> Vec<Buffer> {
    check(shape, values);
    let channels: usize = parts.iter().map(|part| part.channels).sum();
    assert_eq!(channels, shape.channels, "channels");
    let mut first = 0;
    let take = |part: &MapShape| {
        assert_eq!(part.extent, shape.extent, "extents");
        let selection = Selection {
            shape,
            values,
            first,
            count: part.channels,
        };
        first += part.channels;
        gather(*part, &[selection])
    };
    parts.iter().map(take).collect()
}
