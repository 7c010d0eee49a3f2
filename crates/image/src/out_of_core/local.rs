//! Filters that look at the neighbourhood of a pixel.

use ndarray::{Array3, ArrayView3, Axis, Slice};
use rayon::prelude::*;

use super::{OutOfCoreError, Volume};
use crate::sink::Sink;

/// The labels as read and converted, and what a filter makes of them.
const VOXEL: usize = 32;

/// Writes `filter` of `volume` into `sink`, slab by slab with a `halo` of planes on either side.
///
/// A filter whose result at a pixel depends on no pixel farther than `halo` gives what it gives in
/// one piece; at the ends of the image there is no halo, so it sees the image's border there.
///
/// # Errors
///
/// Any fault of source, sink and filter.
pub fn local_filter<F>(
    volume: Volume<'_>,
    halo: usize,
    sink: &dyn Sink,
    filter: F,
) -> Result<(), OutOfCoreError>
where
    F: Fn(ArrayView3<'_, u32>) -> Result<Array3<u32>, OutOfCoreError> + Sync,
{
    let length = volume.shape[volume.axis];
    (volume.slabs(VOXEL, halo).into_par_iter()).try_for_each(|planes| {
        let start = planes.start.saturating_sub(halo);
        let end = (planes.end + halo).min(length);
        let filtered = filter(volume.slab(start..end)?.view())?;
        let inner = Slice::from(planes.start - start..planes.end - start);
        let kept = filtered.slice_axis(Axis(volume.axis), inner).to_owned();
        Ok(volume.write(sink, volume.origin(planes.start), kept)?)
    })
}
