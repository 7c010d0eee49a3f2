//! Giving an image the histogram of another.

use ndarray::{Array, ArrayD, ArrayView, ArrayViewD, Axis, Dimension};

use super::Distribution;
use crate::AlgorithmError;
use crate::sample::Sample;

/// The source with its values replaced so that their distribution is the template's, as
/// `skimage.exposure.match_histograms`.
///
/// A value of quantile `q` in the source becomes the template's value at `q`, linear between the
/// template's distinct values. A constant source becomes the template's maximum. Values that are
/// not finite count in neither histogram and stay as they are. Results are not rounded: see
/// [`crate::rounding::Round`] to store them in an integer type.
///
/// # Errors
/// [`AlgorithmError::Empty`] or [`AlgorithmError::NoFiniteSamples`] for either image.
///
/// # Example
/// ```
/// use coverslip_algorithms::exposure::histogram::match_histogram;
/// use ndarray::arr1;
/// let dim = arr1(&[0_u8, 1, 2, 3]);
/// let bright = arr1(&[10_u8, 40, 20, 30]);
/// let matched = match_histogram(&dim.view(), &bright.view())?;
/// assert_eq!(matched, arr1(&[10.0, 20.0, 30.0, 40.0]));
/// # Ok::<(), coverslip_algorithms::AlgorithmError>(())
/// ```
pub fn match_histogram<S: Sample, T: Sample, D: Dimension, E: Dimension>(
    source: &ArrayView<'_, S, D>,
    template: &ArrayView<'_, T, E>,
) -> Result<Array<f64, D>, AlgorithmError> {
    Distribution::of_what(template, "the template image")?.matched(source)
}

/// [`match_histogram`] for each channel along `channel_axis` by itself.
///
/// # Errors
/// As [`match_histogram`], [`AlgorithmError::Parameter`] for an axis that the images do not have,
/// and for another number of channels in the template.
pub fn match_histogram_channels<S: Sample, T: Sample>(
    source: &ArrayViewD<'_, S>,
    template: &ArrayViewD<'_, T>,
    channel_axis: usize,
) -> Result<ArrayD<f64>, AlgorithmError> {
    let axes = source.ndim().min(template.ndim());
    if channel_axis >= axes {
        let expected = format!("below {axes}, the number of axes");
        return Err(AlgorithmError::parameter(
            "channel_axis",
            channel_axis,
            expected,
        ));
    }
    let axis = Axis(channel_axis);
    let channels = source.len_of(axis);
    if template.len_of(axis) != channels {
        let expected = format!("{channels}, as in the source");
        let got = template.len_of(axis);
        return Err(AlgorithmError::parameter(
            "the template's channels",
            got,
            expected,
        ));
    }
    let mut matched = source.mapv(Sample::to_f64);
    for channel in 0..channels {
        let of = match_histogram(
            &source.index_axis(axis, channel),
            &template.index_axis(axis, channel),
        )?;
        matched.index_axis_mut(axis, channel).assign(&of);
    }
    Ok(matched)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, arr1};

    use super::*;

    #[test]
    fn what_is_not_finite_stays() {
        let source = arr1(&[1.0, f64::NAN, 2.0, f64::INFINITY, -0.0]);
        let matched = match_histogram(&source.view(), &arr1(&[5_u8, 6, 7]).view()).unwrap();
        assert!(matched[1].is_nan() && matched[3].is_infinite());
        assert_eq!((matched[4], matched[0], matched[2]), (5.0, 6.0, 7.0));
    }

    #[test]
    fn faults_are_errors() {
        let (empty, nan) = (arr1::<f32>(&[]), arr1(&[f32::NAN]));
        let good = arr1(&[1.0_f32]);
        for (source, template) in [
            (&empty, &good),
            (&good, &empty),
            (&nan, &good),
            (&good, &nan),
        ] {
            assert!(match_histogram(&source.view(), &template.view()).is_err());
        }
        let image = Array2::<u8>::zeros((2, 3)).into_dyn();
        let other = Array2::<u8>::zeros((2, 4)).into_dyn();
        assert!(match_histogram_channels(&image.view(), &other.view(), 1).is_err());
        assert!(match_histogram_channels(&image.view(), &other.view(), 2).is_err());
        assert!(match_histogram_channels(&image.view(), &other.view(), 0).is_ok());
    }
}
