//! Objects at the image's border.

use std::collections::BTreeSet;

use ndarray::{Array, ArrayView, Axis, Dimension, Slice};

/// Removes labels that have a pixel among the outermost `buffer + 1` pixels of any side; other
/// labels keep their numbers.
///
/// A first axis of length 1 in a `Z Y X` array is no border, so that a flat stack is treated as
/// the 2D image it is.
pub fn clear_border<D: Dimension>(labels: &ArrayView<'_, u32, D>, buffer: usize) -> Array<u32, D> {
    let mut touching: BTreeSet<u32> = BTreeSet::new();
    for axis in border_axes(labels.shape()) {
        let length = labels.shape()[axis];
        let width = (buffer.saturating_add(1)).min(length);
        for side in [0..width, length - width..length] {
            touching.extend(labels.slice_axis(Axis(axis), Slice::from(side)));
        }
    }
    labels.mapv(|label| if touching.contains(&label) { 0 } else { label })
}

/// The axes whose ends are borders of the image.
pub(super) fn border_axes(shape: &[usize]) -> impl Iterator<Item = usize> {
    let flat = shape.len() == 3 && shape[0] == 1;
    usize::from(flat)..shape.len()
}
