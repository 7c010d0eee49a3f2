//! Setting images aside for validation.

use rand::seq::SliceRandom;

use super::{DataError, DataSet};
use crate::base::random;

/// Splits images at random into those to train on and those to validate on.
///
/// The second part has the share `fraction` of the images, rounded, but at least one and never all.
/// Both parts stay in the order of names.
///
/// # Errors
///
/// [`DataError::TooFewToSplit`] for less than two images.
pub fn split_fraction(
    data: &DataSet,
    fraction: f64,
    seed: u64,
) -> Result<(DataSet, DataSet), DataError> {
    let images = data.len();
    if images < 2 {
        return Err(DataError::TooFewToSplit { images });
    }
    let count = ((images as f64 * fraction).round() as usize).clamp(1, images - 1);
    let mut order: Vec<usize> = (0..images).collect();
    order.shuffle(&mut random::stream(seed, "validation images", 0));
    let mut is_validation = vec![false; images];
    order[..count]
        .iter()
        .for_each(|&index| is_validation[index] = true);
    Ok((
        data.subset(|index| !is_validation[index]),
        data.subset(|index| is_validation[index]),
    ))
}
