//! Removal of small objects.

use std::collections::BTreeSet;

use ndarray::{Array, ArrayView, ArrayViewMut, Axis, Dimension, RemoveAxis, Slice, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::measure::components::{component_sizes, connected_components, shape_zyx};

use super::label_sizes;

/// Whether an object's size is its volume or counted slice by slice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SizeMode {
    /// Objects are 3D components.
    #[default]
    Volume,
    /// Each slice along the first axis of a 3D array is an image of its own.
    Slice,
}

/// Removes the connected components of a mask that have fewer than `min_size` pixels.
///
/// With [`SizeMode::Slice`] the connectivity is that of a slice, so 1 or 2.
///
/// # Errors
/// As [`connected_components`].
pub fn remove_small_objects<D: RemoveAxis>(
    mask: &ArrayView<'_, bool, D>,
    min_size: usize,
    connectivity: usize,
    mode: SizeMode,
) -> Result<Array<bool, D>, AlgorithmError> {
    shape_zyx(mask.shape())?;
    let mut kept = mask.to_owned();
    if mode == SizeMode::Slice && mask.ndim() == 3 {
        for mut slice in kept.axis_iter_mut(Axis(0)) {
            remove_components(&mut slice, min_size, connectivity)?;
        }
    } else {
        remove_components(&mut kept.view_mut(), min_size, connectivity)?;
    }
    Ok(kept)
}

fn remove_components<D: Dimension>(
    mask: &mut ArrayViewMut<'_, bool, D>,
    min_size: usize,
    connectivity: usize,
) -> Result<(), AlgorithmError> {
    let components = connected_components(&mask.view(), connectivity)?;
    let sizes = component_sizes(&components);
    Zip::from(mask)
        .and(&components.labels)
        .for_each(|pixel, &label| {
            *pixel = label > 0 && sizes[label as usize - 1] >= min_size;
        });
    Ok(())
}

/// Removes labels with fewer than `min_size` pixels, whether connected or not; other labels keep
/// their number. Returns how many were removed.
pub fn remove_small_labels<D: Dimension>(labels: &mut Array<u32, D>, min_size: usize) -> usize {
    let sizes = label_sizes(&labels.view());
    let small: BTreeSet<u32> = sizes
        .into_iter()
        .filter(|&(_, size)| size < min_size)
        .map(|(label, _)| label)
        .collect();
    if !small.is_empty() {
        let mut last = (0, 0);
        labels.mapv_inplace(|label| {
            if label != last.0 {
                let is_small = small.contains(&label);
                last = (label, if is_small { 0 } else { label });
            }
            last.1
        });
    }
    small.len()
}

/// Opens each label by the cross of direct neighbours: isolated pixels and one-pixel-wide spurs
/// vanish. Outside the image every label continues, so objects are not worn off at the border.
/// Labels keep their numbers.
pub fn remove_isolated_pixels<D: Dimension>(labels: &ArrayView<'_, u32, D>) -> Array<u32, D> {
    let mut eroded = labels.to_owned();
    for_neighbours(labels, labels, &mut eroded, |pixel, label, neighbour| {
        if label != neighbour {
            *pixel = 0;
        }
    });
    // Opening never leaves the label, so the dilation only refills pixels of the same label.
    let mut opened = eroded.clone();
    for_neighbours(
        labels,
        &eroded.view(),
        &mut opened,
        |pixel, label, neighbour| {
            if label == neighbour {
                *pixel = label;
            }
        },
    );
    opened
}

/// Calls `change(out[p], here[p], there[q])` for each pixel p and each direct neighbour q of p.
fn for_neighbours<D: Dimension>(
    here: &ArrayView<'_, u32, D>,
    there: &ArrayView<'_, u32, D>,
    out: &mut Array<u32, D>,
    change: impl Fn(&mut u32, u32, u32),
) {
    let lower = Slice::new(0, Some(-1), 1);
    let upper = Slice::new(1, None, 1);
    for axis in (0..here.ndim())
        .filter(|&axis| here.shape()[axis] > 1)
        .map(Axis)
    {
        for (at, beside) in [(lower, upper), (upper, lower)] {
            Zip::from(out.slice_axis_mut(axis, at))
                .and(here.slice_axis(axis, at))
                .and(there.slice_axis(axis, beside))
                .for_each(|pixel, &label, &neighbour| change(pixel, label, neighbour));
        }
    }
}
