//! Patches with pixels that count.

use ndarray::{ArrayView, Dimension, Slice};

use super::check_patch;
use crate::AlgorithmError;

/// How often a patch without pixels that count is drawn again.
pub const MOST_TRIES: usize = 20;

/// The first start that `draw` gives whose patch has a pixel that counts in `use_mask` (true:
/// use, false: ignore); the last one drawn after [`MOST_TRIES`].
///
/// # Errors
/// [`AlgorithmError::Rank`], [`AlgorithmError::Empty`] or [`AlgorithmError::Parameter`] for a
/// patch or start that does not suit the mask.
pub fn first_usable<D: Dimension>(
    use_mask: &ArrayView<'_, bool, D>,
    patch: &[usize],
    mut draw: impl FnMut() -> Vec<usize>,
) -> Result<Vec<usize>, AlgorithmError> {
    check_patch(patch, use_mask.shape())?;
    let mut start = draw();
    for _ in 1..MOST_TRIES {
        if has_usable(use_mask, &start, patch)? {
            break;
        }
        start = draw();
    }
    Ok(start)
}

fn has_usable<D: Dimension>(
    use_mask: &ArrayView<'_, bool, D>,
    start: &[usize],
    patch: &[usize],
) -> Result<bool, AlgorithmError> {
    let shape = use_mask.shape();
    if start.len() != shape.len() || start.iter().zip(shape).any(|(start, n)| start >= n) {
        let expected = format!("a pixel of an image of shape {shape:?}");
        let got = format!("{start:?}");
        return Err(AlgorithmError::parameter(
            "the patch's start",
            got,
            expected,
        ));
    }
    let part = use_mask.slice_each_axis(|axis| {
        let (low, size) = (start[axis.axis.index()], patch[axis.axis.index()]);
        Slice::from(low..low.saturating_add(size).min(axis.len))
    });
    Ok(part.iter().any(|&counts| counts))
}
