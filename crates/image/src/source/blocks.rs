//! Boxes that an image is worked on in, one after the other, so that memory is bounded.

use std::ops::Range;

use crate::axes::Axis;
use crate::source::{ImageInfo, Region};

/// The axes that images are cut along, in the order of the ranges of a [`Block`].
pub const ZYX: [Axis; 3] = [Axis::Z, Axis::Y, Axis::X];

/// A box: ranges along Z, Y and X.
pub type Block = [Range<usize>; 3];

/// Boxes that cover an image, as [`cover`] makes them of the source's own blocks, so that no chunk is
/// unpacked for two of them.
///
/// `bytes` is the memory for one box, `bytes_per_voxel` the working memory per voxel (all channels
/// together), `halo` the pixels beyond the box that are read on each side.
pub fn blocks(info: &ImageInfo, bytes: u64, bytes_per_voxel: usize, halo: usize) -> Vec<Block> {
    let shape = ZYX.map(|axis| info.len_of(axis));
    let own = ZYX.map(|axis| info.block_of(axis));
    let voxels = usize::try_from(bytes).unwrap_or(usize::MAX) / bytes_per_voxel.max(1);
    cover(shape, own, voxels, halo)
}

/// Boxes that cover an image `[Z, Y, X]`, in raster order: multiples of `own` where at most so many
/// `voxels`, those within `halo` pixels included, allow it, and as near to cubes as that allows.
pub fn cover(shape: [usize; 3], own: [usize; 3], voxels: usize, halo: usize) -> Vec<Block> {
    let size = block_size(shape, own, voxels, halo);
    let [z, y, x] = [0, 1, 2].map(|axis| (0..shape[axis]).step_by(size[axis]));
    let range = |axis: usize, start: usize| start..(start + size[axis]).min(shape[axis]);
    z.flat_map(|z| {
        let x = x.clone();
        y.clone()
            .flat_map(move |y| x.clone().map(move |x| [z, y, x]))
    })
    .map(|[z, y, x]| [range(0, z), range(1, y), range(2, x)])
    .collect()
}

/// A block of an image `[Z, Y, X]` with `halo` more pixels on each side, as far as the image has
/// them, and where in it the block is.
pub fn with_halo(shape: [usize; 3], block: &Block, halo: usize) -> (Block, Block) {
    let around: Block = std::array::from_fn(|axis| {
        let end = (block[axis].end + halo).min(shape[axis]);
        block[axis].start.saturating_sub(halo)..end
    });
    let inside = std::array::from_fn(|axis| {
        let start = block[axis].start - around[axis].start;
        start..start + block[axis].len()
    });
    (around, inside)
}

/// The region of a block in an image, which may lack some of the axes.
pub fn region(info: &ImageInfo, block: &Block) -> Region {
    (ZYX.into_iter().zip(block))
        .filter(|(axis, _)| info.axes.contains(*axis))
        .fold(Region::default(), |region, (axis, range)| {
            region.with(axis, range.clone())
        })
}

/// The size of a box of at most so many voxels, its halo included.
fn block_size(shape: [usize; 3], own: [usize; 3], voxels: usize, halo: usize) -> [usize; 3] {
    let own: [usize; 3] = std::array::from_fn(|axis| own[axis].clamp(1, shape[axis].max(1)));
    let with_halo = |size: [usize; 3]| -> usize {
        (0..3)
            .map(|axis| (size[axis] + 2 * halo).min(shape[axis].max(1)))
            .product()
    };
    let mut size = own;
    while with_halo(size) > voxels && size.iter().any(|&length| length > 1) {
        let longest = (0..3)
            .max_by_key(|&axis| (size[axis], 3 - axis))
            .unwrap_or(0);
        size[longest] = size[longest].div_ceil(2);
    }
    // Cubes have the smallest faces.
    loop {
        let grown = (0..3)
            .filter(|&axis| size[axis] < shape[axis] && size[axis] >= own[axis])
            .map(|axis| {
                let mut grown = size;
                grown[axis] = (size[axis] + own[axis]).min(shape[axis]);
                (size[axis], grown)
            })
            .filter(|&(_, grown)| with_halo(grown) <= voxels)
            .min_by_key(|&(length, _)| length);
        match grown {
            Some((_, grown)) => size = grown,
            None => return size,
        }
    }
}
