//! The input of a region, laid out so that a kernel meets no edges.

use crate::{Buffer, LANES};

use super::grid::{Axis, Grid};
use super::partition::{PixelForm, Region};
use super::planes::Planes;

/// What a kernel reads: one pointer for each block and tap, blocks first. Grid point `(z, y, x)` of
/// the region reads its pixel `z * plane_step + y * row_step + x * form.step` values behind each.
pub(super) struct View {
    pub(super) terms: Vec<*const f32>,
    pub(super) row_step: usize,
    pub(super) plane_step: usize,
}

/// The input of `region`: where it lies, if it can be read as it is, else a copy in `slab` with
/// zeros around the image, the columns sorted by their position relative to the stride, and the
/// channels of a planar map side by side.
pub(super) fn view(
    input: &Planes<'_>,
    form: PixelForm,
    grid: &Grid,
    region: &Region,
    slab: &mut Buffer,
) -> View {
    if grid.tap_count() == 0 {
        return View {
            terms: Vec::new(),
            row_step: 0,
            plane_step: 0,
        };
    }
    let windows = [0, 1, 2].map(|axis| grid.axes[axis].window(&region.points[axis]));
    let is_inside = windows.iter().zip(input.extent.size).all(|(window, size)| {
        let (first, len) = *window;
        first >= 0 && first as usize + len <= size
    });
    let is_usable = input.lanes == form.step && input.len() == form.blocks;
    if is_inside && is_usable && grid.axes[2].stride == 1 {
        in_place(
            input,
            form,
            grid,
            region.image,
            windows.map(|(first, _)| first as usize),
        )
    } else {
        copied(input, form, grid, region, windows, slab)
    }
}

fn in_place(
    input: &Planes<'_>,
    form: PixelForm,
    grid: &Grid,
    image: usize,
    first: [usize; 3],
) -> View {
    let [_, size_y, size_x] = input.extent.size;
    let mut terms = Vec::with_capacity(form.blocks * grid.tap_count());
    for block in 0..form.blocks {
        let plane = input.plane(block, image);
        terms.extend(grid.taps().map(|(offset, _)| {
            let [z, y, x] = [0, 1, 2].map(|axis| first[axis] + offset[axis]);
            plane[((z * size_y + y) * size_x + x) * form.step..].as_ptr()
        }));
    }
    View {
        terms,
        row_step: grid.axes[1].stride * size_x * form.step,
        plane_step: grid.axes[0].stride * size_y * size_x * form.step,
    }
}

fn copied(
    input: &Planes<'_>,
    form: PixelForm,
    grid: &Grid,
    region: &Region,
    windows: [(isize, usize); 3],
    slab: &mut Buffer,
) -> View {
    let [(first_z, planes), (first_y, rows), (first_x, width)] = windows;
    let stride_x = grid.axes[2].stride;
    let columns = width.div_ceil(stride_x);
    let row_len = columns * stride_x * form.step;
    let plane_len = rows * row_len;
    let block_len = planes * plane_len;
    let len = form.blocks * block_len;
    if slab.as_slice().len() < len {
        *slab = Buffer::zeros(len);
    }

    let [count_z, count_y, _] = region.counts();
    let sees = |axis: &Axis, index: usize, count: usize| axis.sees(index, count);
    let slab = &mut slab.as_mut_slice()[..len];
    let per_block = input.len() / form.blocks;
    let mut sources = Vec::with_capacity(per_block);
    for (block, block_values) in slab.chunks_exact_mut(block_len).enumerate() {
        for (z, plane) in block_values.chunks_exact_mut(plane_len).enumerate() {
            if !sees(&grid.axes[0], z, count_z) {
                continue;
            }
            for (y, row) in plane.chunks_exact_mut(row_len).enumerate() {
                if !sees(&grid.axes[1], y, count_y) {
                    continue;
                }
                let (z, y) = (first_z + z as isize, first_y + y as isize);
                sources.clear();
                sources.extend(
                    (0..per_block).filter_map(|index| {
                        input.row(block * per_block + index, region.image, z, y)
                    }),
                );
                if sources.is_empty() {
                    row.fill(0.0);
                    continue;
                }
                for (phase, values) in row.chunks_exact_mut(columns * form.step).enumerate() {
                    let first = first_x + phase as isize;
                    copy_columns(&sources, input.lanes, first, stride_x, values, form.step);
                }
            }
        }
    }

    let mut terms = Vec::with_capacity(form.blocks * grid.tap_count());
    for block in slab.chunks_exact(block_len) {
        terms.extend(grid.taps().map(|([z, y, x], _)| {
            let column = x % stride_x * columns + x / stride_x;
            block[z * plane_len + y * row_len + column * form.step..].as_ptr()
        }));
    }
    View {
        terms,
        row_step: grid.axes[1].stride * row_len,
        plane_step: grid.axes[0].stride * plane_len,
    }
}

/// Copies the columns `first`, `first + stride`, ... of rows of `lanes` values a pixel to pixels of
/// `step` values; zeros outside the rows. Values of a pixel that no row has are left as they are:
/// nothing that is computed from them is kept.
fn copy_columns(
    rows: &[&[f32]],
    lanes: usize,
    first: isize,
    stride: usize,
    values: &mut [f32],
    step: usize,
) {
    let columns = values.len() / step;
    let size = (rows[0].len() / lanes) as isize;
    let before = |limit: isize| {
        let distance = (limit - first).max(0) as usize;
        distance.div_ceil(stride).min(columns)
    };
    let (begin, end) = (before(0), before(size));
    values[..begin * step].fill(0.0);
    values[end * step..].fill(0.0);
    if begin >= end {
        return;
    }
    let inside = &mut values[begin * step..end * step];
    let start = (first + (begin * stride) as isize) as usize;
    if lanes == step && stride == 1 {
        inside.copy_from_slice(&rows[0][start * lanes..][..(end - begin) * lanes]);
    } else if lanes == LANES && step == LANES {
        // Arrays, because their length is known, so that no call copies each of them.
        let pixels = inside.as_chunks_mut::<LANES>().0;
        let source = rows[0].as_chunks::<LANES>().0[start..].iter();
        for (pixel, from) in pixels.iter_mut().zip(source.step_by(stride)) {
            *pixel = *from;
        }
    } else {
        for (lane, row) in rows.iter().enumerate() {
            let source = row[start..].iter().step_by(stride);
            for (pixel, &value) in inside.chunks_exact_mut(step).zip(source) {
                pixel[lane] = value;
            }
        }
    }
}
