//! Growth of objects into the pixels around them.

use ndarray::{Array3, Axis, Slice};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{OutOfCoreError, Volume};
use crate::labels::grow_rounds;
use crate::sink::Sink;

/// Objects and classes as read and converted, and the grown objects.
const VOXEL: usize = 48;

/// Lets the objects of `volume` grow into the pixels of class `rim` of `classes` by at most
/// `rounds` pixels, as [`grow`](crate::labels::grow) does without a limit; writes them into `sink`
/// and gives whether they could grow further.
///
/// # Errors
///
/// Any fault of sources and sink.
pub fn grow(
    volume: Volume<'_>,
    classes: Volume<'_>,
    rim: u32,
    rounds: usize,
    sink: &dyn Sink,
) -> Result<bool, OutOfCoreError> {
    let length = volume.shape[volume.axis];
    let goes_on = AtomicBool::new(false);
    (volume.slabs(VOXEL, rounds).into_par_iter()).try_for_each(|planes| {
        // What happens in the slab within so many rounds began at most so many planes away.
        let start = planes.start.saturating_sub(rounds);
        let end = (planes.end + rounds).min(length);
        let mut objects: Array3<u32> = volume.slab(start..end)?;
        let is_open = grow_rounds(&mut objects, &classes.slab(start..end)?, rim, rounds);
        goes_on.fetch_or(is_open, Ordering::Relaxed);
        let inner = Slice::from(planes.start - start..planes.end - start);
        let kept = objects.slice_axis(Axis(volume.axis), inner).to_owned();
        Ok::<_, OutOfCoreError>(volume.write(sink, volume.origin(planes.start), kept)?)
    })?;
    Ok(goes_on.into_inner())
}
