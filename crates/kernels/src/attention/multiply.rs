//! Small matrix products with a packed right side.

use crate::{LANES, simd::Simd};

/// A matrix somewhere in memory.
#[derive(Clone, Copy)]
pub(super) struct Strided {
    pub(super) start: *const f32,
    /// From row to row and from column to column.
    pub(super) strides: [usize; 2],
}

/// A matrix whose rows are vectors, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Packed {
    pub(super) start: *const f32,
    pub(super) vectors: usize,
}

/// `to = left right`, or `to += left right`; `to` is packed like `right` and has `rows` rows.
///
/// # Safety
///
/// `left` must be valid for `rows` rows of `depth` values, `right` for `depth` rows, and the
/// processor must have the instruction set.
#[inline(always)]
pub(super) unsafe fn multiply<S: Simd>(
    left: Strided,
    right: Packed,
    to: *mut f32,
    [rows, depth]: [usize; 2],
    adds: bool,
) {
    // SAFETY: as the caller promises; every tile is within the matrices.
    unsafe {
        let mut row = 0;
        while row + 8 <= rows {
            strip::<S, 8>(left, right, to, row, depth, adds);
            row += 8;
        }
        while row < rows {
            strip::<S, 1>(left, right, to, row, depth, adds);
            row += 1;
        }
    }
}

/// `ROWS` rows of the product.
#[inline(always)]
unsafe fn strip<S: Simd, const ROWS: usize>(
    left: Strided,
    right: Packed,
    to: *mut f32,
    row: usize,
    depth: usize,
    adds: bool,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut vector = 0;
        while vector + 2 <= right.vectors {
            tile::<S, ROWS, 2>(left, right, to, row, vector, depth, adds);
            vector += 2;
        }
        if vector < right.vectors {
            tile::<S, ROWS, 1>(left, right, to, row, vector, depth, adds);
        }
    }
}

/// `ROWS` rows of `WIDTH` vectors of the product, in registers.
#[inline(always)]
unsafe fn tile<S: Simd, const ROWS: usize, const WIDTH: usize>(
    left: Strided,
    right: Packed,
    to: *mut f32,
    row: usize,
    vector: usize,
    depth: usize,
    adds: bool,
) {
    let [down, across] = left.strides;
    let width = right.vectors * LANES;
    // SAFETY: as the caller promises.
    unsafe {
        let to = to.add(row * width + vector * LANES);
        let mut sums = [[S::zero(); WIDTH]; ROWS];
        if adds {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (w, sum) in sums.iter_mut().enumerate() {
                    *sum = S::load(to.add(r * width + w * LANES));
                }
            }
        }
        let mut a = left.start.add(row * down);
        let mut b = right.start.add(vector * LANES);
        for _ in 0..depth {
            let mut vectors = [S::zero(); WIDTH];
            for (w, vector) in vectors.iter_mut().enumerate() {
                *vector = S::load(b.add(w * LANES));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let factor = S::splat(*a.add(r * down));
                for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                    *sum = S::mul_add(factor, vector, *sum);
                }
            }
            a = a.add(across);
            b = b.add(width);
        }
        for (r, sums) in sums.iter().enumerate() {
            for (w, &sum) in sums.iter().enumerate() {
                S::store(to.add(r * width + w * LANES), sum);
            }
        }
    }
}
