//! The cells of a regular grid that a box touches.

use std::ops::Range;

use ndarray::{ArrayViewMutD, Axis};

/// How many cells of a grid a box touches; the product may be huge.
pub(in crate::format::zarr) fn cells_of(
    grid: &[usize],
    ranges: &[Range<usize>],
) -> Vec<Range<usize>> {
    let cells = grid.iter().zip(ranges).map(|(&length, range)| {
        let end = range.end.div_ceil(length);
        (range.start / length).min(end)..end
    });
    cells.collect()
}

/// Calls `visit` for each cell that a box touches, in parallel: with the cell, the first position
/// of its part of the box, and that part.
///
/// The box is halved between cells until one is left, so that no list of cells is needed.
pub(in crate::format::zarr) fn for_each_cell<T: Send, E: Send>(
    grid: &[usize],
    origin: Vec<usize>,
    view: ArrayViewMutD<T>,
    visit: &(impl Fn(&[usize], &[usize], ArrayViewMutD<T>) -> Result<(), E> + Sync),
) -> Result<(), E> {
    if view.is_empty() {
        return Ok(());
    }
    let cells: Vec<Range<usize>> = (grid.iter().zip(&origin).zip(view.shape()))
        .map(|((&length, &start), &count)| start / length..(start + count).div_ceil(length))
        .collect();
    let longest = (0..cells.len()).max_by_key(|&axis| cells[axis].len());
    match longest.filter(|&axis| cells[axis].len() > 1) {
        None => {
            let cell: Vec<usize> = cells.iter().map(|range| range.start).collect();
            visit(&cell, &origin, view)
        }
        Some(axis) => {
            let border = (cells[axis].start + cells[axis].len() / 2) * grid[axis];
            let (first, second) = view.split_at(Axis(axis), border - origin[axis]);
            let mut middle = origin.clone();
            middle[axis] = border;
            let (first, second) = rayon::join(
                || for_each_cell(grid, origin, first, visit),
                || for_each_cell(grid, middle, second, visit),
            );
            first.and(second)
        }
    }
}

/// The part of a box that lies in a cell, in positions of the whole.
pub(in crate::format::zarr) fn overlap(
    grid: &[usize],
    cell: &[usize],
    ranges: &[Range<usize>],
) -> Vec<Range<usize>> {
    let parts = grid
        .iter()
        .zip(cell)
        .zip(ranges)
        .map(|((&length, &cell), range)| {
            range.start.max(cell * length)..range.end.min((cell + 1) * length)
        });
    parts.collect()
}
