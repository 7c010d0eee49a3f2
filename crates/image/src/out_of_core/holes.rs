//! Filling the holes of objects.

use ndarray::{Array3, Zip, s};
use rayon::prelude::*;

use super::objects::{Object, objects};
use super::{OutOfCoreError, Volume};
use crate::labels::fill_label_holes as fill;
use crate::sink::Sink;

/// The labels of a slab and its objects, as read, converted and filled.
const VOXEL: usize = 40;

/// Fills the holes of each label of `volume` with that label, as
/// [`fill_label_holes`](crate::labels::fill_label_holes); writes the result into `sink`.
///
/// A slab is read with all of the objects that reach into it, so memory follows the largest
/// object.
///
/// # Errors
///
/// Any fault of source and sink; an object that is larger than the limit of a read.
pub fn fill_label_holes(volume: Volume<'_>, sink: &dyn Sink) -> Result<(), OutOfCoreError> {
    let all = objects(volume)?;
    let axis = volume.axis;
    (volume.slabs(VOXEL, 0).into_par_iter()).try_for_each(|planes| {
        let touches = |object: &&Object| {
            object.lower[axis] < planes.end && object.upper[axis] >= planes.start
        };
        let mut filled = volume.slab(planes.clone())?;
        for object in all.iter().filter(touches) {
            fill_object(volume, object, planes.start, &mut filled)?;
        }
        Ok(volume.write(sink, volume.origin(planes.start), filled)?)
    })
}

/// Fills one object; where objects lie inside each other the one with the higher label wins.
fn fill_object(
    volume: Volume<'_>,
    object: &Object,
    start: usize,
    filled: &mut Array3<u32>,
) -> Result<(), OutOfCoreError> {
    let axis = volume.axis;
    // One pixel more on each side keeps the outside one piece.
    let window: [std::ops::Range<usize>; 3] = std::array::from_fn(|axis| {
        let end = (object.upper[axis] + 2).min(volume.shape[axis]);
        object.lower[axis].saturating_sub(1)..end
    });
    let end = start + filled.len_of(ndarray::Axis(axis));
    let is_inside = window[axis].start >= start && window[axis].end <= end;
    let own = |label: u32| if label == object.label { label } else { 0 };
    let mut solid = if is_inside {
        let [z, y, x] = local(&window, axis, start);
        // Holes of this object that an earlier one filled are background for it all the same.
        filled.slice(s![z, y, x]).mapv(own)
    } else {
        volume.read(window.clone())?.mapv(own)
    };
    if solid.dim().0 == 1 {
        let plane = fill(&solid.index_axis(ndarray::Axis(0), 0))?;
        solid.index_axis_mut(ndarray::Axis(0), 0).assign(&plane);
    } else {
        solid = fill(&solid.view())?;
    }
    let mut kept = window.clone();
    kept[axis] = window[axis].start.max(start)..window[axis].end.min(end);
    let offset = kept[axis].start - window[axis].start;
    let mut part = window.map(|range| 0..range.len());
    part[axis] = offset..offset + kept[axis].len();
    let [z, y, x] = local(&kept, axis, start);
    let [pz, py, px] = part;
    Zip::from(filled.slice_mut(s![z, y, x]))
        .and(solid.slice(s![pz, py, px]))
        .for_each(|pixel, &label| *pixel = (*pixel).max(label));
    Ok(())
}

fn local(
    window: &[std::ops::Range<usize>; 3],
    axis: usize,
    start: usize,
) -> [std::ops::Range<usize>; 3] {
    let mut local = window.clone();
    local[axis] = window[axis].start - start..window[axis].end - start;
    local
}
