//! Sizes and bounding boxes of labels.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{OutOfCoreError, Volume};

/// The labels as read and converted.
const VOXEL: usize = 16;

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
    let found = (volume.blocks(VOXEL, 0).into_par_iter())
        .map(|block| {
            let labels = volume.read(&block)?;
            let mut found: BTreeMap<u32, Object> = BTreeMap::new();
            let [z0, y0, x0] = block.map(|range| range.start);
            for ((z, y), row) in (0..labels.dim().0)
                .flat_map(|z| (0..labels.dim().1).map(move |y| (z, y)))
                .map(|(z, y)| ((z, y), labels.slice(ndarray::s![z, y, ..])))
            {
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
            Ok(found)
        })
        .try_reduce(BTreeMap::new, |mut all, part| {
            for object in part.into_values() {
                merge(&mut all, object);
            }
            Ok::<_, OutOfCoreError>(all)
        })?;
    Ok(found.into_values().collect())
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
