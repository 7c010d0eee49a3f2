//! Connected components of masks and label maps in 2D and 3D.
//!
//! Arrays are `Y X` or `Z Y X`; a 2D image may also come as `Z Y X` with Z = 1. Connectivity `r`
//! joins neighbours whose offset has at most `r` non-zero coordinates: 1 is 4 (6 in 3D)
//! neighbours, 2 is 8 (18), 3 is 26.

mod largest;
mod likeness;
mod runs;
mod union_find;

use ndarray::{Array, ArrayView, Dimension};

use crate::AlgorithmError;
use crate::sample::Sample;
pub use largest::{ComponentOrder, Largest, largest_components};
use likeness::{Equal, Likeness, Within};
use runs::Runs;
pub(crate) use union_find::UnionFind;

/// A numbered component map.
#[derive(Debug, Clone, PartialEq)]
pub struct Components<D: Dimension> {
    /// 0 is background; components are `1..=count` in raster order of their first pixel.
    pub labels: Array<u32, D>,
    /// Number of components.
    pub count: u32,
}

/// Numbers the connected components of `values`: neighbours of the same non-zero value join.
///
/// A mask of two values is the common case; a label map or class map with several values keeps
/// touching objects of different value apart. Numbering follows the raster order of the first
/// pixel, as in scipy, scikit-image and cc3d. Rows are reduced to runs that a union-find joins, slabs
/// of rows in parallel: linear time, and memory proportional to the number of runs beside the result.
///
/// # Errors
/// [`AlgorithmError::Rank`] for arrays of more than 3 axes, [`AlgorithmError::Parameter`] for a
/// connectivity outside 1 to the number of axes.
///
/// # Example
/// ```
/// use coverslip_algorithms::measure::components::connected_components;
/// let mask = ndarray::arr2(&[[1_u8, 0, 0], [0, 1, 0], [0, 0, 0]]);
/// assert_eq!(connected_components(&mask.view(), 1)?.count, 2);
/// assert_eq!(connected_components(&mask.view(), 2)?.count, 1);
/// # Ok::<(), coverslip_algorithms::AlgorithmError>(())
/// ```
pub fn connected_components<T, D>(
    values: &ArrayView<'_, T, D>,
    connectivity: usize,
) -> Result<Components<D>, AlgorithmError>
where
    T: Copy + PartialEq + Default + Sync,
    D: Dimension,
{
    number(values, connectivity, Equal)
}

/// Numbers components in which neighbours differ by at most `delta`.
///
/// Only non-zero values join. Joining is transitive: a chain of small steps makes one component of
/// distant values. As cc3d's `connected_components` with `delta`; NaN joins nothing.
///
/// # Errors
/// As [`connected_components`], and [`AlgorithmError::Parameter`] for a delta below 0 or NaN.
pub fn connected_components_within<S, D>(
    values: &ArrayView<'_, S, D>,
    connectivity: usize,
    delta: f64,
) -> Result<Components<D>, AlgorithmError>
where
    S: Sample + Default,
    D: Dimension,
{
    if delta.is_nan() || delta < 0.0 {
        let expected = "a number of at least 0";
        return Err(AlgorithmError::parameter("delta", delta, expected));
    }
    number(values, connectivity, Within(delta))
}

fn number<T, D, L>(
    values: &ArrayView<'_, T, D>,
    connectivity: usize,
    likeness: L,
) -> Result<Components<D>, AlgorithmError>
where
    T: Copy + PartialEq + Default + Sync,
    D: Dimension,
    L: Likeness<T>,
{
    check_connectivity(connectivity, values.ndim())?;
    let shape = shape_zyx(values.shape())?;
    let contiguous = values.as_standard_layout();
    // Standard layout makes the slice present; an empty one could only come from a broken array.
    let pixels = contiguous.as_slice().unwrap_or(&[]);
    let mut runs = Runs::of(pixels, shape, connectivity, likeness)?;
    let (numbers, count) = runs.number();
    let mut flat = vec![0_u32; values.len()];
    runs.paint(&numbers, &mut flat);
    let labels =
        Array::from_shape_vec(values.raw_dim(), flat).map_err(|_| AlgorithmError::Rank {
            what: "the label map",
            got: values.ndim(),
            expected: "1 to 3",
        })?;
    Ok(Components { labels, count })
}

/// Sizes in pixels of the components `1..=count` of `labels`, component `i` at `i - 1`.
pub fn component_sizes<D: Dimension>(components: &Components<D>) -> Vec<usize> {
    let mut sizes = vec![0_usize; components.count as usize + 1];
    for &label in &components.labels {
        sizes[label as usize] += 1;
    }
    sizes.split_off(1)
}

/// Shape as `[Z, Y, X]`, missing leading axes being 1.
pub(crate) fn shape_zyx(shape: &[usize]) -> Result<[usize; 3], AlgorithmError> {
    match *shape {
        [x] => Ok([1, 1, x]),
        [y, x] => Ok([1, y, x]),
        [z, y, x] => Ok([z, y, x]),
        _ => Err(AlgorithmError::Rank {
            what: "the image",
            got: shape.len(),
            expected: "1 to 3 (X, Y X or Z Y X)",
        }),
    }
}

pub(crate) fn check_connectivity(connectivity: usize, rank: usize) -> Result<(), AlgorithmError> {
    if (1..=rank.max(1)).contains(&connectivity) {
        return Ok(());
    }
    let expected = format!("1 to {rank}, the number of axes");
    Err(AlgorithmError::parameter(
        "connectivity",
        connectivity,
        expected,
    ))
}

#[cfg(test)]
mod tests;
