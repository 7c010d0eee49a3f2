//! Exact squared distances, axis by axis (Felzenszwalb and Huttenlocher 2012).

use ndarray::{Array, ArrayView, Dimension};
use rayon::prelude::*;

use crate::AlgorithmError;
use crate::error::per_axis;
use crate::simd::vectorized;

/// Neighbouring lines that are gathered together, so that a cache line is used whole.
const GATHERED_LINES: usize = 16;
/// Neighbouring lines that are swept together.
const SWEPT_LINES: usize = 256;

/// Squared Euclidean distance to the nearest background pixel, in squared units of `spacing` (one
/// number, or one for each axis). With a spacing of 1 squares are exact integers. Infinite without
/// any background.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for a spacing that is not a finite number above 0, or not one for
/// each axis.
pub fn squared_distance<D: Dimension>(
    mask: &ArrayView<'_, bool, D>,
    spacing: &[f64],
) -> Result<Array<f64, D>, AlgorithmError> {
    let allowed = |size: f64| size.is_finite() && size > 0.0;
    let expected = "a finite number above 0";
    let spacing = per_axis("spacing", spacing, mask.ndim(), allowed, expected)?;
    let mut squares = Array::from_elem(mask.raw_dim(), 0.0);
    squares.zip_mut_with(mask, |square, &set| {
        *square = if set { f64::INFINITY } else { 0.0 };
    });
    if mask.is_empty() {
        return Ok(squares);
    }
    let shape = mask.shape().to_vec();
    let values = squares.as_slice_mut().unwrap_or(&mut []);
    let mut is_first = true;
    for axis in (0..shape.len()).filter(|&axis| shape[axis] > 1) {
        let inner: usize = shape[axis + 1..].iter().product();
        let scale = spacing[axis] * spacing[axis];
        if inner == 1 {
            values
                .par_chunks_mut(shape[axis])
                .for_each_init(Vec::new, |hull, line| lower_envelope(line, scale, hull));
        } else if is_first {
            sweep(values, inner, scale);
        } else {
            values
                .par_chunks_mut(shape[axis] * inner)
                .for_each(|block| envelopes(block, shape[axis], inner, scale));
        }
        is_first = false;
    }
    Ok(squares)
}

/// Along the first axis pixels are only background or not: one sweep down and one up count the
/// steps. `inner` pixels lie between neighbours.
fn sweep(values: &mut [f64], inner: usize, scale: f64) {
    let mut strips: Vec<Vec<&mut [f64]>> = Vec::new();
    strips.resize_with(inner.div_ceil(SWEPT_LINES), Vec::new);
    for row in values.chunks_mut(inner) {
        for (strip, part) in strips.iter_mut().zip(row.chunks_mut(SWEPT_LINES)) {
            strip.push(part);
        }
    }
    strips.into_par_iter().for_each(|mut rows| {
        vectorized(
            #[inline(always)]
            || {
                for index in 1..rows.len() {
                    let (above, at) = rows.split_at_mut(index);
                    step_on(&above[index - 1][..], &mut at[0][..]);
                }
                for index in (1..rows.len()).rev() {
                    let (at, below) = rows.split_at_mut(index);
                    step_on(&below[0][..], &mut at[index - 1][..]);
                }
                for value in rows.iter_mut().flat_map(|row| row.iter_mut()) {
                    *value = value.powi(2) * scale;
                }
            },
        );
    });
}

#[inline(always)]
fn step_on(from: &[f64], to: &mut [f64]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = to.min(from + 1.0);
    }
}

/// Lower envelopes along the first axis of a block of `length` rows of `inner` pixels.
fn envelopes(block: &mut [f64], length: usize, inner: usize, scale: f64) {
    let mut lines = vec![0.0; GATHERED_LINES * length];
    let mut hull = Vec::new();
    for start in (0..inner).step_by(GATHERED_LINES) {
        let width = GATHERED_LINES.min(inner - start);
        for (index, row) in block.chunks_exact(inner).enumerate() {
            for (line, &value) in row[start..start + width].iter().enumerate() {
                lines[line * length + index] = value;
            }
        }
        for line in lines[..width * length].chunks_exact_mut(length) {
            lower_envelope(line, scale, &mut hull);
        }
        for (index, row) in block.chunks_exact_mut(inner).enumerate() {
            for (line, value) in row[start..start + width].iter_mut().enumerate() {
                *value = lines[line * length + index];
            }
        }
    }
}

/// One parabola of a lower envelope.
struct Parabola {
    center: f64,
    height: f64,
    /// Its value at 0, in squared pixels.
    offset: f64,
    /// From here on it is the lowest.
    start: f64,
}

/// Replaces each value by the least of `scale (x - i)^2 + line[i]`.
///
/// Nothing reaches beyond a pixel of height 0, so the line falls apart there.
fn lower_envelope(line: &mut [f64], scale: f64, hull: &mut Vec<Parabola>) {
    let mut at = 0;
    while at < line.len() {
        if line[at] == 0.0 {
            at += 1;
            continue;
        }
        let rest = line[at..].iter().position(|&height| height == 0.0);
        let end = rest.map_or(line.len(), |length| at + length);
        let sites = at.saturating_sub(1)..(end + 1).min(line.len());
        hull.clear();
        for site in sites {
            if line[site] < f64::INFINITY {
                add_parabola(hull, site as f64, line[site], scale);
            }
        }
        fill_from(hull, at, &mut line[at..end], scale);
        at = end;
    }
}

fn add_parabola(hull: &mut Vec<Parabola>, center: f64, height: f64, scale: f64) {
    let offset = height / scale + center * center;
    let mut start = f64::NEG_INFINITY;
    while let Some(last) = hull.last() {
        start = (offset - last.offset) / (2.0 * (center - last.center));
        if start > last.start {
            break;
        }
        start = f64::NEG_INFINITY;
        hull.pop();
    }
    hull.push(Parabola {
        center,
        height,
        offset,
        start,
    });
}

/// Values of the envelope from position `first` on.
fn fill_from(hull: &[Parabola], first: usize, out: &mut [f64], scale: f64) {
    for (index, parabola) in hull.iter().enumerate() {
        let end = hull.get(index + 1).map_or(f64::INFINITY, |next| next.start);
        // Casts of infinities saturate, and so do those of starts before the first position.
        let position = |start: f64| ((start.ceil() - first as f64) as usize).min(out.len());
        let (from, to) = (position(parabola.start), position(end));
        for (step, value) in out[from..to].iter_mut().enumerate() {
            let distance = (first + from + step) as f64 - parabola.center;
            *value = scale * distance * distance + parabola.height;
        }
    }
}
