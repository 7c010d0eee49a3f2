//! Cleaning of masks and label maps. Arrays are `Y X` or `Z Y X`; label 0 is background.

mod border;
mod grow;
mod holes;
mod small;

use std::collections::BTreeMap;

use ndarray::{Array, ArrayView, Dimension};

pub use border::clear_border;
pub use grow::grow;
pub(crate) use grow::grow_rounds;
pub use holes::{fill_holes, fill_label_holes, fill_small_holes};
pub use small::{SizeMode, remove_isolated_pixels, remove_small_labels, remove_small_objects};

/// Renumbers labels to `1..=n` by ascending old label; 0 stays 0.
///
/// Also returns the old label of each new one, index 0 being background.
pub fn relabel_sequential<D: Dimension>(
    labels: &ArrayView<'_, u32, D>,
) -> (Array<u32, D>, Vec<u32>) {
    let mut numbers: BTreeMap<u32, u32> = label_sizes(labels).keys().map(|&old| (old, 0)).collect();
    let mut inverse = vec![0];
    for (&old, new) in &mut numbers {
        *new = inverse.len() as u32;
        inverse.push(old);
    }
    let mut last = (0, 0);
    let renumbered = labels.mapv(|label| {
        if label != last.0 {
            last = (label, numbers.get(&label).copied().unwrap_or(0));
        }
        last.1
    });
    (renumbered, inverse)
}

/// Number of pixels of each label above 0.
pub fn label_sizes<D: Dimension>(labels: &ArrayView<'_, u32, D>) -> BTreeMap<u32, usize> {
    let mut sizes = BTreeMap::new();
    // Labels come in runs: one look-up a run, not a pixel.
    let (mut current, mut length) = (0, 0);
    for &label in labels {
        if label == current {
            length += 1;
            continue;
        }
        add(&mut sizes, current, length);
        (current, length) = (label, 1);
    }
    add(&mut sizes, current, length);
    sizes
}

fn add(sizes: &mut BTreeMap<u32, usize>, label: u32, length: usize) {
    if label > 0 && length > 0 {
        *sizes.entry(label).or_insert(0) += length;
    }
}

#[cfg(test)]
mod tests;
