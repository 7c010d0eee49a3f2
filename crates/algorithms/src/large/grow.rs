//! Growth of objects into the pixels around them.

use ndarray::s;
use rayon::prelude::*;

use super::objects::Found;
use super::{Intermediate, OutOfCoreError, Scratch, Volume};
use crate::measure::labels::grow_rounds;
use coverslip_image::sink::Sink;

/// Bytes of working memory per voxel: objects and classes as read and converted, and the grown
/// objects.
const BYTES_PER_VOXEL: usize = 48;

/// How far objects grow in one pass over the image.
const ROUNDS: usize = 16;

/// Lets `objects` grow into the pixels of class `rim` of `classes`, as
/// [`grow`](crate::measure::labels::grow), in as many passes over the image as that takes.
///
/// # Errors
///
/// Any fault of the images.
pub fn grow(
    mut objects: Intermediate,
    classes: Volume<'_>,
    rim: u32,
    scratch: &Scratch,
) -> Result<Intermediate, OutOfCoreError> {
    loop {
        let source = objects.open()?;
        let volume = objects.volume(&*source, classes.memory())?;
        let (mut next, into) = scratch.create(classes.target())?;
        let pass = grow_once(volume, classes, rim, ROUNDS, &*into)?;
        into.finish()?;
        if !pass.goes_on {
            next.objects = Some(pass.found.into_objects());
            return Ok(next);
        }
        drop(source);
        objects = next;
    }
}

/// What a pass over the image came to.
#[derive(Default)]
pub(super) struct Pass {
    /// Whether objects would grow further.
    pub(super) goes_on: bool,
    /// The objects after it, complete if they would not grow further.
    pub(super) found: Found,
}

/// One pass of [`grow`], of at most `rounds` pixels.
pub(super) fn grow_once(
    volume: Volume<'_>,
    classes: Volume<'_>,
    rim: u32,
    rounds: usize,
    sink: &dyn Sink,
) -> Result<Pass, OutOfCoreError> {
    (volume.blocks(BYTES_PER_VOXEL, rounds).into_par_iter())
        .map(|block| {
            // What happens in the block within so many rounds began at most so many pixels away.
            let (around, [z, y, x]) = volume.with_halo(&block, rounds);
            let mut objects = volume.read(&around)?;
            let goes_on = grow_rounds(&mut objects, &classes.read(&around)?, rim, rounds);
            let kept = objects.slice(s![z, y, x]).to_owned();
            // The last pass counts.
            let found = if goes_on {
                Found::default()
            } else {
                Found::of(&kept, block.each_ref().map(|range| range.start))
            };
            Volume::write(sink, &block, kept)?;
            Ok(Pass { goes_on, found })
        })
        .try_reduce(Pass::default, |left, right| {
            Ok::<_, OutOfCoreError>(Pass {
                goes_on: left.goes_on || right.goes_on,
                found: left.found.join(right.found),
            })
        })
}
