//! The smaller copies of an image, each made from the one before.

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::array::{ArrayWriter, every};
use super::layout::Layout;
use crate::error::ImageError;
use crate::format::pyramid::{Reduction, reduce, reduced};
use crate::format::zarr::array::{ZarrArray, cells_of, overlap};
use crate::format::zarr::store::Location;
use crate::image::match_pixels;
use crate::sink::Target;

/// Writes the levels after the first one; memory follows the chunks, not the image.
pub(super) fn write(
    path: &Path,
    folder: &Path,
    image: &Target,
    layout: &Layout,
    steps: &[Vec<usize>],
) -> Result<(), ImageError> {
    let how = if image.is_labels {
        Reduction::First
    } else {
        Reduction::Mean
    };
    let root = Location::open(folder)?;
    let mut from = ZarrArray::new(root.child("0")?, layout.array(image, &image.shape));
    for (number, step) in (1..).zip(steps) {
        let name = usize::to_string(&number);
        let metadata = layout.array(image, &reduced(&from.metadata.shape, step));
        let to = ArrayWriter::new(path, folder.join(&name), metadata.clone(), None);
        let whole: Vec<Range<usize>> = metadata.shape.iter().map(|&length| 0..length).collect();
        let cells = every(&cells_of(&metadata.chunk, &whole));
        cells.par_iter().try_for_each(|cell| {
            let target = overlap(&metadata.chunk, cell, &whole);
            let source: Vec<Range<usize>> = (target.iter().zip(step).zip(&from.metadata.shape))
                .map(|((range, step), &length)| range.start * step..(range.end * step).min(length))
                .collect();
            let smaller = reduce(&from.read(&source)?, step, how)?;
            let origin: Vec<usize> = target.iter().map(|range| range.start).collect();
            match_pixels!(smaller, array => to.write(&origin, &array.view()))
        })?;
        to.finish()?;
        from = ZarrArray::new(root.child(&name)?, metadata);
    }
    Ok(())
}
