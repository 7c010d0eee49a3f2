//! Growth of objects into the pixels around them.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::s;
use rayon::prelude::*;

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
    let goes_on = AtomicBool::new(false);
    (volume.blocks(VOXEL, rounds).into_par_iter()).try_for_each(|block| {
        // What happens in the block within so many rounds began at most so many pixels away.
        let (around, [z, y, x]) = volume.with_halo(&block, rounds);
        let mut objects = volume.read(&around)?;
        let is_open = grow_rounds(&mut objects, &classes.read(&around)?, rim, rounds);
        goes_on.fetch_or(is_open, Ordering::Relaxed);
        let kept = objects.slice(s![z, y, x]).to_owned();
        Ok::<_, OutOfCoreError>(volume.write(sink, &block, kept)?)
    })?;
    Ok(goes_on.into_inner())
}
