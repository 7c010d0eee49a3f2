//! Sizes and bounding boxes of labels.

use std::collections::BTreeMap;

use ndarray::Array3;
use rayon::prelude::*;

use super::{OutOfCoreError, Volume};

/// Bytes of working memory per voxel: the labels as read and converted.
const BYTES_PER_VOXEL: usize = 16;

/// A label of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its number.
    pub label: u32,
    /// The number of its pixels.
    pub size: u64,
    /// The first pixel of its bounding box, `[Z, Y, X]`.
    pub lower: [usize; 3],
    /// The last pixel of its bounding box.
    pub upper: [usize; 3],
}

/// All labels above 0 of `volume`, ascending. Memory follows their number.
///
/// # Errors
///
/// Any fault of the source.
pub fn objects(volume: Volume<'_>) -> Result<Vec<Object>, OutOfCoreError> {
    if let Some(known) = volume.objects {
        return Ok(known.to_vec());
    }
    let found = (volume.blocks(BYTES_PER_VOXEL, 0).into_par_iter())
        .map(|block| {
            let labels = volume.read(&block)?;
            Ok(Found::of(&labels, block.map(|range| range.start)))
        })
        .try_reduce(Found::default, |all, part| {
            Ok::<_, OutOfCoreError>(all.join(part))
        })?;
    Ok(found.into_objects())
}

/// The objects of a part of an image.
#[derive(Default)]
pub(super) struct Found(BTreeMap<u32, Object>);

impl Found {
    /// The objects of a block whose first pixel lies at `origin`.
    pub(super) fn of(labels: &Array3<u32>, [z0, y0, x0]: [usize; 3]) -> Found {
        let mut found = BTreeMap::new();
        let (_, height, _) = labels.dim();
        for (index, row) in labels.rows().into_iter().enumerate() {
            let (z, y) = (index / height, index % height);
            let mut start = 0;
            while start < row.len() {
                let label = row[start];
                let length = row
                    .iter()
                    .skip(start)
                    .take_while(|&&other| other == label)
                    .count();
                if label != 0 {
                    let run = Object {
                        label,
                        size: length as u64,
                        lower: [z0 + z, y0 + y, x0 + start],
                        upper: [z0 + z, y0 + y, x0 + start + length - 1],
                    };
                    merge(&mut found, run);
                }
                start += length;
            }
        }
        Found(found)
    }

    /// The objects of two parts.
    pub(super) fn join(self, other: Found) -> Found {
        let (mut all, few) = if self.0.len() < other.0.len() {
            (other.0, self.0)
        } else {
            (self.0, other.0)
        };
        for object in few.into_values() {
            merge(&mut all, object);
        }
        Found(all)
    }

    /// All of them, by their labels.
    pub(super) fn into_objects(self) -> Vec<Object> {
        self.0.into_values().collect()
    }
}

fn merge(objects: &mut BTreeMap<u32, Object>, part: Object) {
    objects
        .entry(part.label)
        .and_modify(|object| {
            object.size += part.size;
            for axis in 0..3 {
                object.lower[axis] = object.lower[axis].min(part.lower[axis]);
                object.upper[axis] = object.upper[axis].max(part.upper[axis]);
            }
        })
        .or_insert(part);
}
