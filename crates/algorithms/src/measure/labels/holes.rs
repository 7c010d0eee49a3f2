//! Filling of holes.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array, ArrayView, Axis, Dimension, RemoveAxis, Slice, Zip};

use super::border::border_axes;
use crate::AlgorithmError;
use crate::measure::components::{Components, component_sizes, connected_components, shape_zyx};

/// Fills the holes of a mask: background components that touch no border of the image.
///
/// `connectivity` is that of the background; 1 keeps a diagonal gap in an outline closed. A first
/// axis of length 1 in a `Z Y X` array is no border.
///
/// # Errors
/// As [`connected_components`].
pub fn fill_holes<D: Dimension>(
    mask: &ArrayView<'_, bool, D>,
    connectivity: usize,
) -> Result<Array<bool, D>, AlgorithmError> {
    let background = connected_components(&mask.mapv(|inside| !inside).view(), connectivity)?;
    let mut open = vec![false; background.count as usize + 1];
    for axis in border_axes(mask.shape()).filter(|&axis| mask.shape()[axis] > 0) {
        for side in [0, mask.shape()[axis] - 1] {
            let side = Slice::from(side..=side);
            for &label in background.labels.slice_axis(Axis(axis), side) {
                open[label as usize] = true;
            }
        }
    }
    Ok(fill(mask, &background, |label| !open[label as usize]))
}

/// Fills background components of fewer than `area` pixels, those at the border included.
///
/// # Errors
/// As [`connected_components`].
pub fn fill_small_holes<D: Dimension>(
    mask: &ArrayView<'_, bool, D>,
    area: usize,
    connectivity: usize,
) -> Result<Array<bool, D>, AlgorithmError> {
    let background = connected_components(&mask.mapv(|inside| !inside).view(), connectivity)?;
    let sizes = component_sizes(&background);
    Ok(fill(mask, &background, |label| {
        sizes[label as usize - 1] < area
    }))
}

fn fill<D: Dimension>(
    mask: &ArrayView<'_, bool, D>,
    background: &Components<D>,
    is_hole: impl Fn(u32) -> bool,
) -> Array<bool, D> {
    let mut filled = mask.to_owned();
    Zip::from(&mut filled)
        .and(&background.labels)
        .for_each(|pixel, &label| *pixel = label == 0 || is_hole(label));
    filled
}

/// Fills the holes of each label with that label; where labels lie inside each other the higher
/// one wins. Gaps that are open to the image's border are no holes.
///
/// # Errors
/// [`AlgorithmError::Rank`] for arrays of more than 3 axes.
pub fn fill_label_holes<D: RemoveAxis>(
    labels: &ArrayView<'_, u32, D>,
) -> Result<Array<u32, D>, AlgorithmError> {
    shape_zyx(labels.shape())?;
    let mut filled = labels.to_owned();
    for (label, [lower, upper]) in bounding_boxes(labels) {
        // One pixel more on each side keeps the outside of the object one background component.
        let window = |axis: usize| {
            let end = (upper[axis] + 2).min(labels.shape()[axis]);
            Slice::from(lower[axis].saturating_sub(1)..end)
        };
        let part = labels.slice_each_axis(|axis| window(axis.axis.index()));
        let solid = fill_holes(&part.mapv(|other| other == label).view(), 1)?;
        Zip::from(filled.slice_each_axis_mut(|axis| window(axis.axis.index())))
            .and(&solid)
            .for_each(|pixel, &inside| {
                if inside {
                    *pixel = label;
                }
            });
    }
    Ok(filled)
}

/// First and last index along each axis of each label above 0.
fn bounding_boxes<D: RemoveAxis>(labels: &ArrayView<'_, u32, D>) -> BTreeMap<u32, [Vec<usize>; 2]> {
    let mut boxes: BTreeMap<u32, [Vec<usize>; 2]> = BTreeMap::new();
    for axis in 0..labels.ndim() {
        for (index, plane) in labels.axis_iter(Axis(axis)).enumerate() {
            let present: BTreeSet<u32> = distinct(plane.iter());
            for label in present {
                let [lower, upper] = boxes.entry(label).or_default();
                if lower.len() == axis {
                    lower.push(index);
                    upper.push(index);
                }
                upper[axis] = index;
            }
        }
    }
    boxes
}

fn distinct<'a>(labels: impl Iterator<Item = &'a u32>) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut last = 0;
    for &label in labels {
        if label != last && label > 0 {
            found.insert(label);
        }
        last = label;
    }
    found
}
