//! Connected components of images larger than memory.

use std::ops::Range;

use ndarray::{Array2, Array3, Axis};
use rayon::prelude::*;

use super::{OutOfCoreError, Volume};
use crate::AlgorithmError;
use crate::components::{UnionFind, component_sizes, connected_components};
use crate::sink::Sink;

/// What numbering takes a pixel: the labels as read and converted, and their components.
const VOXEL: usize = 24;

/// The components of an image, found but not yet written.
///
/// Slabs are numbered a second time when they are written, which is cheaper than storing their
/// first numbers: memory follows the number of components and not the image.
pub struct ComponentPlan {
    connectivity: usize,
    seeds: Option<u32>,
    slabs: Vec<Range<usize>>,
    /// The number of components in all slabs before each one.
    before: Vec<u32>,
    /// The final label of each slab's components, from 1.
    labels: Vec<u32>,
    /// The number of pixels of each final label, label `i` at `i - 1`.
    sizes: Vec<u64>,
}

/// A slab's components and its two outermost planes.
struct Slab {
    sizes: Vec<usize>,
    first: Plane,
    last: Plane,
}

/// Values and component numbers of a plane across the cut axis.
struct Plane {
    values: Array2<u32>,
    numbers: Array2<u32>,
}

/// Finds the connected components of `volume`: as
/// [`connected_components`](crate::components::connected_components), of the pixels of class
/// `seeds` where one is given.
///
/// # Errors
///
/// Any fault of the source; [`AlgorithmError::Parameter`] for a connectivity outside 1 to 3,
/// [`AlgorithmError::TooManyComponents`].
pub fn components(
    volume: Volume<'_>,
    connectivity: usize,
    seeds: Option<u32>,
) -> Result<ComponentPlan, OutOfCoreError> {
    let slabs = volume.slabs(VOXEL, 0);
    let mut before = Vec::with_capacity(slabs.len());
    let mut sets = UnionFind::new(0);
    let mut sizes: Vec<u64> = Vec::new();
    let mut last: Option<(Plane, u32)> = None;
    for group in slabs.chunks(rayon::current_num_threads().max(1)) {
        let numbered = (group.par_iter())
            .map(|planes| number(volume, planes.clone(), connectivity, seeds))
            .collect::<Result<Vec<Slab>, OutOfCoreError>>()?;
        for slab in numbered {
            let offset = sizes.len() as u32;
            before.push(offset);
            sizes.extend(slab.sizes.iter().map(|&size| size as u64));
            if u32::try_from(sizes.len()).is_err() {
                return Err(AlgorithmError::TooManyComponents.into());
            }
            sets.extend(slab.sizes.len());
            if let Some((above, above_offset)) = &last {
                join(
                    [above, &slab.first],
                    [*above_offset, offset],
                    connectivity,
                    &mut sets,
                );
            }
            last = Some((slab.last, offset));
        }
    }
    Ok(ComponentPlan::new(
        (connectivity, seeds),
        slabs,
        before,
        &mut sets,
        &sizes,
    ))
}

impl ComponentPlan {
    fn new(
        (connectivity, seeds): (usize, Option<u32>),
        slabs: Vec<Range<usize>>,
        before: Vec<u32>,
        sets: &mut UnionFind,
        parts: &[u64],
    ) -> ComponentPlan {
        let mut labels = vec![0; parts.len()];
        let mut sizes: Vec<u64> = Vec::new();
        for (index, &part) in parts.iter().enumerate() {
            // The smallest member is the part that comes first in raster order.
            let root = sets.root(index as u32) as usize;
            if root == index {
                sizes.push(0);
                labels[index] = sizes.len() as u32;
            } else {
                labels[index] = labels[root];
            }
            sizes[labels[index] as usize - 1] += part;
        }
        ComponentPlan {
            connectivity,
            seeds,
            slabs,
            before,
            labels,
            sizes,
        }
    }

    /// The number of components.
    pub fn count(&self) -> u32 {
        self.sizes.len() as u32
    }

    /// The number of pixels of each component, component `i` at `i - 1`.
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// Drops the components with fewer than `min_size` pixels and numbers the others anew.
    pub fn remove_small(mut self, min_size: u64) -> ComponentPlan {
        let mut kept = 0;
        let renumbered: Vec<u32> = (self.sizes.iter())
            .map(|&size| {
                let keeps = size >= min_size;
                kept += u32::from(keeps);
                if keeps { kept } else { 0 }
            })
            .collect();
        for label in &mut self.labels {
            *label = renumbered[*label as usize - 1];
        }
        self.sizes.retain(|&size| size >= min_size);
        self
    }

    /// Writes the labels of `volume`, the one that the plan was made of, into `sink`.
    ///
    /// # Errors
    ///
    /// Any fault of source and sink.
    pub fn write(&self, volume: Volume<'_>, sink: &dyn Sink) -> Result<(), OutOfCoreError> {
        (self.slabs.par_iter().zip(&self.before)).try_for_each(|(planes, &before)| {
            let values = read(volume, planes.clone(), self.seeds)?;
            let mut labels = connected_components(&values.view(), self.connectivity)?.labels;
            drop(values);
            labels.mapv_inplace(|number| match number {
                0 => 0,
                number => self.labels[(before + number) as usize - 1],
            });
            volume.write(sink, volume.origin(planes.start), labels)?;
            Ok(())
        })
    }
}

fn read(
    volume: Volume<'_>,
    planes: Range<usize>,
    seeds: Option<u32>,
) -> Result<Array3<u32>, OutOfCoreError> {
    let mut values = volume.slab(planes)?;
    if let Some(seeds) = seeds {
        values.mapv_inplace(|value| u32::from(value == seeds));
    }
    Ok(values)
}

fn number(
    volume: Volume<'_>,
    planes: Range<usize>,
    connectivity: usize,
    seeds: Option<u32>,
) -> Result<Slab, OutOfCoreError> {
    let length = planes.len();
    let values = read(volume, planes, seeds)?;
    let components = connected_components(&values.view(), connectivity)?;
    let plane = |index: usize| Plane {
        values: values.index_axis(Axis(volume.axis), index).to_owned(),
        numbers: components
            .labels
            .index_axis(Axis(volume.axis), index)
            .to_owned(),
    };
    Ok(Slab {
        sizes: component_sizes(&components),
        first: plane(0),
        last: plane(length - 1),
    })
}

/// Joins components of equal value across the border between two slabs.
fn join(
    [above, below]: [&Plane; 2],
    [above_offset, below_offset]: [u32; 2],
    connectivity: usize,
    sets: &mut UnionFind,
) {
    let (height, width) = below.values.dim();
    for dy in -1isize..=1 {
        for dx in -1isize..=1 {
            if 1 + dy.unsigned_abs() + dx.unsigned_abs() > connectivity {
                continue;
            }
            for y in 0..height {
                let Some(other_y) = y.checked_add_signed(dy).filter(|&y| y < height) else {
                    continue;
                };
                for x in 0..width {
                    let value = below.values[[y, x]];
                    let Some(other_x) = x.checked_add_signed(dx).filter(|&x| x < width) else {
                        continue;
                    };
                    if value != 0 && above.values[[other_y, other_x]] == value {
                        let a = above_offset + above.numbers[[other_y, other_x]] - 1;
                        let b = below_offset + below.numbers[[y, x]] - 1;
                        sets.join(a, b);
                    }
                }
            }
        }
    }
}
