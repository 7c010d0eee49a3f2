//! Filters that look at the neighbourhood of a pixel.

use ndarray::{Array3, ArrayView3, s};
use rayon::prelude::*;

use super::{OutOfCoreError, Volume};
use coverslip_image::sink::Sink;

/// Bytes of working memory per voxel: the labels as read and converted, and what a filter makes of
/// them.
const BYTES_PER_VOXEL: usize = 32;

/// Writes `filter` of `volume` into `sink`, block by block with a `halo` of pixels on each side.
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
    (volume.blocks(BYTES_PER_VOXEL, halo).into_par_iter()).try_for_each(|block| {
        let (around, [z, y, x]) = volume.with_halo(&block, halo);
        let filtered = filter(volume.read(&around)?.view())?;
        let kept = filtered.slice(s![z, y, x]).to_owned();
        Ok(Volume::write(sink, &block, kept)?)
    })
}
