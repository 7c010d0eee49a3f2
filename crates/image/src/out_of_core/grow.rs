//! Growth of objects into the pixels around them.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::s;
use rayon::prelude::*;

use super::{Intermediate, OutOfCoreError, Scratch, Volume};
use crate::copy::copy;
use crate::labels::grow_rounds;
use crate::sink::Sink;

/// Objects and classes as read and converted, and the grown objects.
const VOXEL: usize = 48;

/// How far objects grow in one pass over the image.
const ROUNDS: usize = 16;

/// Lets `objects` grow into the pixels of class `rim` of `classes`, as
/// [`grow`](crate::labels::grow), in as many passes over the image as that takes; writes them into
/// `sink`.
///
/// # Errors
///
/// Any fault of images and sink.
pub fn grow(
    mut objects: Intermediate,
    classes: Volume<'_>,
    rim: u32,
    scratch: &Scratch,
    sink: &dyn Sink,
) -> Result<(), OutOfCoreError> {
    loop {
        let source = objects.open()?;
        let volume = Volume::new(&*source, classes.memory())?;
        let (next, into) = scratch.create(classes.target())?;
        let goes_on = grow_once(volume, classes, rim, ROUNDS, &*into)?;
        into.finish()?;
        drop(source);
        objects = next;
        if !goes_on {
            break;
        }
    }
    let source = objects.open()?;
    copy(
        &*source,
        sink,
        classes.memory(),
        &AtomicBool::new(false),
        &|_| (),
    )?;
    Ok(())
}

/// One pass of [`grow`], of at most `rounds` pixels; gives whether there is more to come.
pub(super) fn grow_once(
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
        Ok::<_, OutOfCoreError>(Volume::write(sink, &block, kept)?)
    })?;
    Ok(goes_on.into_inner())
}
