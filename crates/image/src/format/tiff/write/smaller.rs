//! Smaller copies, each from the one before, read back from the file so that memory stays bounded.

use ndarray::{ArrayD, IxDyn, s};
use rayon::prelude::*;

use super::pack::Packer;
use super::sink::TiffSink;
use crate::error::ImageError;
use crate::format::pyramid::{Reduction, reduce};
use crate::format::tiff::sample::Sample;

/// So many tiles are packed before they are appended.
const BATCH_TILES: usize = 64;

/// Writes all tiles of a level from those of the level above.
pub(super) fn write_smaller<T: Sample>(sink: &TiffSink<T>, level: usize) -> Result<(), ImageError> {
    let [down, across] = sink.plan.chunks(level);
    let above = sink.places(level - 1);
    let tiles: Vec<usize> = (0..sink.plan.pages() * down * across).collect();
    for batch in tiles.chunks(BATCH_TILES) {
        let packed = batch
            .par_iter()
            .map(|&tile| {
                let place = [tile / across / down, tile / across % down, tile % across];
                sink.with_packer(|packer| {
                    let mut samples = smaller_tile(sink, level, place, &above, packer)?;
                    let packed = packer.pack(&sink.plan, &mut samples);
                    Ok((tile, packed.map_err(|error| sink.refused(error))?))
                })
            })
            .collect::<Result<Vec<_>, ImageError>>()?;
        sink.append(level, &packed)?;
    }
    Ok(())
}

/// The tile of a page, row and column, from the four tiles above it.
fn smaller_tile<T: Sample>(
    sink: &TiffSink<T>,
    level: usize,
    [page, row, column]: [usize; 3],
    above: &[(u64, u64)],
    packer: &mut Packer<T>,
) -> Result<Vec<T>, ImageError> {
    let plan = &sink.plan;
    let [height, width] = plan.chunk;
    let [down, across] = plan.chunks(level - 1);
    // The rows and columns above that are inside the image.
    let [rows, columns] = [(row, 0), (column, 1)].map(|(place, side)| {
        let start = 2 * place * plan.chunk[side];
        (2 * plan.chunk[side]).min(plan.levels[level - 1][side] - start)
    });
    let mut area = ArrayD::from_elem(IxDyn(&[rows, columns, plan.samples]), T::default());
    let mut tile = vec![T::default(); height * width * plan.samples];
    for y in 0..rows.div_ceil(height) {
        for x in 0..columns.div_ceil(width) {
            let number = (page * down + 2 * row + y) * across + 2 * column + x;
            sink.read_back(above[number], &mut tile, packer)?;
            let view = ndarray::ArrayView3::from_shape((height, width, plan.samples), &tile);
            let view = view.expect("a tile has this shape");
            let (top, left) = (y * height, x * width);
            let (bottom, right) = ((top + height).min(rows), (left + width).min(columns));
            area.slice_mut(s![top..bottom, left..right, ..])
                .assign(&view.slice(s![..bottom - top, ..right - left, ..]));
        }
    }
    let how = if sink.target.is_labels {
        Reduction::First
    } else {
        Reduction::Mean
    };
    let small = reduce(&T::into_pixels(area), &[2, 2, 1], how)?;
    let mut samples = vec![T::default(); height * width * plan.samples];
    if let Some(small) = T::of(&small) {
        let line = small.shape()[1] * plan.samples;
        let lines = small
            .as_slice()
            .unwrap_or_default()
            .chunks_exact(line.max(1));
        for (to, from) in samples.chunks_exact_mut(width * plan.samples).zip(lines) {
            to[..line].copy_from_slice(from);
        }
    }
    Ok(samples)
}
