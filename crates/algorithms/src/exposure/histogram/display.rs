//! The range that an image is shown with.

use ndarray::{ArrayView, Dimension};

use crate::AlgorithmError;
use crate::sample::Sample;

const BINS: usize = 256;

/// Lowest and highest intensity to show, by the rule behind `ImageJ`'s *Auto* button.
///
/// Of a histogram of 256 bins from minimum to maximum, bins with more than a tenth of the pixels
/// (a uniform background) count as empty; the range is from the first to the last bin with more
/// than one in 5000. Without such bins it is minimum and maximum. For display only.
///
/// # Errors
/// [`AlgorithmError::Empty`], or [`AlgorithmError::NoFiniteSamples`].
pub fn display_range<S: Sample, D: Dimension>(
    values: &ArrayView<'_, S, D>,
) -> Result<[f64; 2], AlgorithmError> {
    let what = "the image";
    if values.is_empty() {
        return Err(AlgorithmError::Empty { what });
    }
    let finite = || values.iter().map(|v| v.to_f64()).filter(|v| v.is_finite());
    let ends = finite().fold(None, |ends: Option<[f64; 2]>, value| {
        let [low, high] = ends.unwrap_or([value; 2]);
        Some([low.min(value), high.max(value)])
    });
    let [low, high] = ends.ok_or(AlgorithmError::NoFiniteSamples {
        what,
        count: values.len(),
    })?;
    if low == high {
        return Ok([low, high]);
    }
    let width = high / BINS as f64 - low / BINS as f64;
    let mut counts = [0_usize; BINS];
    let mut pixels = 0;
    for value in finite() {
        let bin = (value / width - low / width) as usize;
        counts[bin.min(BINS - 1)] += 1;
        pixels += 1;
    }
    let shown = |&count: &usize| count <= pixels / 10 && count > pixels / 5000;
    let first = counts.iter().position(shown);
    let last = counts.iter().rposition(shown);
    Ok(match (first, last) {
        (Some(first), Some(last)) if last > first => {
            [low + first as f64 * width, low + last as f64 * width]
        }
        _ => [low, high],
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, arr1};

    use super::*;

    #[test]
    fn background_and_outliers_do_not_count() {
        // Half background, a ramp of 100 levels, and one hot pixel.
        let mut values = vec![0.0; 5000];
        values.extend((0..5000).map(|i| 100.0 + f64::from(i % 100)));
        values.push(1000.0);
        let [low, high] = display_range(&Array1::from(values).view()).unwrap();
        let width = 1000.0 / 256.0;
        assert!((low - 100.0).abs() <= width, "{low}");
        assert!((high - 199.0).abs() <= width, "{high}");
    }

    #[test]
    fn flat_and_faulty_images_have_a_range_or_an_error() {
        assert_eq!(display_range(&arr1(&[7_u16; 9]).view()), Ok([7.0, 7.0]));
        assert_eq!(display_range(&arr1(&[0_u8, 9]).view()), Ok([0.0, 9.0]));
        assert_eq!(
            display_range(&arr1(&[f32::NAN, 2.0]).view()),
            Ok([2.0, 2.0])
        );
        let wide = display_range(&arr1(&[f64::MIN, f64::MAX]).view()).unwrap();
        assert!(wide.iter().all(|end| end.is_finite()));
        assert!(display_range(&arr1::<u8>(&[]).view()).is_err());
        assert!(display_range(&arr1(&[f32::NAN]).view()).is_err());
    }
}
