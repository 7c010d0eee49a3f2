//! Filling the holes of objects.

use ndarray::{Array3, Zip, s};
use rayon::prelude::*;

use super::objects::Object;
use super::{OutOfCoreError, Volume};
use crate::measure::labels::fill_label_holes as fill;
use coverslip_image::sink::Sink;
use coverslip_image::source::blocks::Block;

/// Bytes of working memory per voxel: the labels of a block and its objects, as read, converted and
/// filled.
const BYTES_PER_VOXEL: usize = 40;

/// Fills the holes of each label of `volume`, whose objects are `all`, with that label, as
/// [`fill_label_holes`](crate::measure::labels::fill_label_holes); writes the result into `sink`.
///
/// A block is read with all of the objects that reach into it, so memory follows the largest
/// object.
///
/// # Errors
///
/// Any fault of source and sink; an object that is larger than the limit of a read.
pub fn fill_label_holes(
    volume: Volume<'_>,
    all: &[Object],
    sink: &dyn Sink,
) -> Result<(), OutOfCoreError> {
    (volume.blocks(BYTES_PER_VOXEL, 0).into_par_iter()).try_for_each(|block| {
        let touches = |object: &&Object| {
            (0..3).all(|axis| {
                object.lower[axis] < block[axis].end && object.upper[axis] >= block[axis].start
            })
        };
        let labels = volume.read(&block)?;
        let mut filled = labels.clone();
        for object in all.iter().filter(touches) {
            fill_object(volume, object, (&block, &labels), &mut filled)?;
        }
        Ok(Volume::write(sink, &block, filled)?)
    })
}

/// Fills one object; where objects lie inside each other the one with the higher label wins.
fn fill_object(
    volume: Volume<'_>,
    object: &Object,
    (block, labels): (&Block, &Array3<u32>),
    filled: &mut Array3<u32>,
) -> Result<(), OutOfCoreError> {
    // One pixel more on each side keeps the outside one piece.
    let window: Block = std::array::from_fn(|axis| {
        let end = (object.upper[axis] + 2).min(volume.shape[axis]);
        object.lower[axis].saturating_sub(1)..end
    });
    let common: Block = std::array::from_fn(|axis| {
        window[axis].start.max(block[axis].start)..window[axis].end.min(block[axis].end)
    });
    let own = |label: u32| if label == object.label { label } else { 0 };
    let mut solid = if common == window {
        let [z, y, x] = within(&window, block);
        labels.slice(s![z, y, x]).mapv(own)
    } else {
        volume.read(&window)?.mapv(own)
    };
    if volume.shape[0] == 1 {
        let plane = fill(&solid.index_axis(ndarray::Axis(0), 0))?;
        solid.index_axis_mut(ndarray::Axis(0), 0).assign(&plane);
    } else {
        solid = fill(&solid.view())?;
    }
    let [z, y, x] = within(&common, block);
    let [from_z, from_y, from_x] = within(&common, &window);
    Zip::from(filled.slice_mut(s![z, y, x]))
        .and(solid.slice(s![from_z, from_y, from_x]))
        .for_each(|pixel, &label| *pixel = (*pixel).max(label));
    Ok(())
}

/// A box in the coordinates of one that it lies in.
fn within(part: &Block, whole: &Block) -> Block {
    std::array::from_fn(|axis| {
        let start = part[axis].start - whole[axis].start;
        start..start + part[axis].len()
    })
}
