//! The largest components.

use ndarray::{ArrayView, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Components, component_sizes, connected_components};
use crate::AlgorithmError;

/// How the kept components are numbered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComponentOrder {
    /// 1 is the largest; equal sizes in raster order.
    #[default]
    DescendingSize,
    /// As the library cc3d: the largest gets the highest number when components were dropped,
    /// raster order when all were kept.
    Cc3d,
}

/// The components that were kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Largest<D: Dimension> {
    /// The kept components, renumbered.
    pub components: Components<D>,
    /// Their sizes in pixels, largest first.
    pub sizes: Vec<usize>,
}

/// Keeps the `keep` largest connected components of `values`.
///
/// Among components of equal size the later one in raster order is kept.
///
/// # Errors
/// As [`connected_components`].
pub fn largest_components<T, D>(
    values: &ArrayView<'_, T, D>,
    connectivity: usize,
    keep: usize,
    order: ComponentOrder,
) -> Result<Largest<D>, AlgorithmError>
where
    T: Copy + PartialEq + Default + Sync,
    D: Dimension,
{
    let mut components = connected_components(values, connectivity)?;
    let sizes = component_sizes(&components);
    let mut ascending: Vec<usize> = (0..sizes.len()).collect();
    ascending.sort_by_key(|&index| (sizes[index], index));
    let dropped = sizes.len().saturating_sub(keep);
    let mut kept = ascending.split_off(dropped);
    match order {
        ComponentOrder::Cc3d if dropped > 0 => {}
        ComponentOrder::Cc3d => kept.sort_unstable(),
        ComponentOrder::DescendingSize => {
            kept.sort_by_key(|&index| (std::cmp::Reverse(sizes[index]), index));
        }
    }
    let mut numbers = vec![0_u32; sizes.len() + 1];
    for (position, &index) in kept.iter().enumerate() {
        numbers[index + 1] = position as u32 + 1;
    }
    components
        .labels
        .mapv_inplace(|label| numbers[label as usize]);
    components.count = kept.len() as u32;
    let mut kept_sizes: Vec<usize> = kept.iter().map(|&index| sizes[index]).collect();
    kept_sizes.sort_unstable_by_key(|&size| std::cmp::Reverse(size));
    Ok(Largest {
        components,
        sizes: kept_sizes,
    })
}
