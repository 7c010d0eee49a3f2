//! Distances counted in steps from pixel to pixel, by one sweep each way.

use ndarray::{Array, ArrayView, Dimension};

use crate::AlgorithmError;
use crate::measure::components::shape_zyx;
use crate::simd::vectorized;

/// Far more steps than any image has.
const FAR: i32 = i32::MAX / 2;

/// Steps to the nearest background pixel, each of which moves along at most `connectivity` axes at
/// once; infinite without background. Shortest ways can be ordered so that steps to later pixels
/// come first, so two sweeps find them.
pub(super) fn steps<D: Dimension>(
    mask: &ArrayView<'_, bool, D>,
    connectivity: usize,
) -> Result<Array<f64, D>, AlgorithmError> {
    let shape = shape_zyx(mask.shape())?;
    let mut steps: Vec<i32> = mask.iter().map(|&set| if set { FAR } else { 0 }).collect();
    let rows = shape[0] * shape[1];
    vectorized(
        #[inline(always)]
        || {
            for row in 0..rows {
                sweep_row(&mut steps, shape, row, connectivity, false);
            }
            for row in (0..rows).rev() {
                sweep_row(&mut steps, shape, row, connectivity, true);
            }
        },
    );
    let found = steps.into_iter().map(|count| {
        if count >= FAR {
            f64::INFINITY
        } else {
            f64::from(count)
        }
    });
    let mut distance = Array::from_elem(mask.raw_dim(), 0.0);
    for (distance, found) in distance.iter_mut().zip(found) {
        *distance = found;
    }
    Ok(distance)
}

/// Lets the rows already swept, and the row's own pixels in the direction of the sweep, reach the
/// row.
#[inline(always)]
fn sweep_row(steps: &mut [i32], shape: [usize; 3], row: usize, connectivity: usize, is_back: bool) {
    let [depth, height, width] = shape.map(|length| length as isize);
    let (z, y) = (row as isize / height, row as isize % height);
    let direction = if is_back { 1 } else { -1 };
    for (dz, dy) in [(0, 1), (1, -1), (1, 0), (1, 1)] {
        let moved = usize::from(dz != 0) + usize::from(dy != 0);
        let (z, y) = (z + direction * dz, y + direction * dy);
        let is_inside = (0..depth).contains(&z) && (0..height).contains(&y);
        if is_inside && moved <= connectivity {
            let from = (z * height + y) as usize * width as usize;
            let (source, target) = two_rows(steps, from, row * width as usize, width as usize);
            reach(source, target, moved < connectivity);
        }
    }
    let line = &mut steps[row * width as usize..][..width as usize];
    let mut last = FAR;
    let mut relax = |count: &mut i32| {
        *count = (*count).min(last + 1);
        last = *count;
    };
    if is_back {
        line.iter_mut().rev().for_each(&mut relax);
    } else {
        line.iter_mut().for_each(&mut relax);
    }
}

/// The row that starts at `from`, and for changing the one that starts at `to`.
#[inline(always)]
fn two_rows(steps: &mut [i32], from: usize, to: usize, width: usize) -> (&[i32], &mut [i32]) {
    let (low, high) = steps.split_at_mut(from.max(to));
    if from < to {
        (&low[from..from + width], &mut high[..width])
    } else {
        (&high[..width], &mut low[to..to + width])
    }
}

#[inline(always)]
fn reach(from: &[i32], to: &mut [i32], is_wide: bool) {
    let step = |to: &mut [i32], from: &[i32]| {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = (*to).min(from + 1);
        }
    };
    step(to, from);
    if is_wide && !to.is_empty() {
        step(&mut to[1..], from);
        step(to, &from[1..]);
    }
}
