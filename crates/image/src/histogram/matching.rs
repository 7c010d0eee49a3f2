//! Giving an image the histogram of another.

use ndarray::{Array, ArrayD, ArrayView, ArrayViewD, Axis, Dimension, Zip};

use crate::threshold::level_counts;
use crate::{AlgorithmError, Sample};

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
/// use coverslip_image::histogram::match_histogram;
/// use ndarray::arr1;
/// let dim = arr1(&[0_u8, 1, 2, 3]);
/// let bright = arr1(&[10_u8, 40, 20, 30]);
/// let matched = match_histogram(&dim.view(), &bright.view())?;
/// assert_eq!(matched, arr1(&[10.0, 20.0, 30.0, 40.0]));
/// # Ok::<(), coverslip_image::AlgorithmError>(())
/// ```
pub fn match_histogram<S: Sample, T: Sample, D: Dimension, E: Dimension>(
    source: &ArrayView<'_, S, D>,
    template: &ArrayView<'_, T, E>,
) -> Result<Array<f64, D>, AlgorithmError> {
    let source_steps = Distribution::of(source, "the source image")?;
    let template_steps = Distribution::of(template, "the template image")?;
    let mapped: Vec<f64> = (source_steps.quantiles.iter())
        .map(|&quantile| template_steps.value_at(quantile))
        .collect();
    if source_steps.is_counted {
        // The type has few values, so that a table holds where each goes.
        let mut table = vec![0.0; 1 << 16];
        for (&value, &mapped) in source_steps.values.iter().zip(&mapped) {
            table[(value - S::LEAST) as usize] = mapped;
        }
        let mut matched = Array::from_elem(source.raw_dim(), 0.0);
        Zip::from(&mut matched)
            .and(source)
            .par_for_each(|matched, &value| *matched = table[value.rank()]);
        return Ok(matched);
    }
    // Neighbouring pixels are often equal: one look-up a run.
    let mut last = (f64::NAN, f64::NAN);
    Ok(source.mapv(|value| {
        let value = value.to_f64();
        if value != last.0 {
            let mapped = if value.is_finite() {
                mapped[source_steps.rank(value)]
            } else {
                value
            };
            last = (value, mapped);
        }
        last.1
    }))
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

/// Distinct values, ascending, and the share of values up to each.
struct Distribution {
    values: Vec<f64>,
    quantiles: Vec<f64>,
    /// Whether the type has so few values that each was counted: integers of up to 16 bits.
    is_counted: bool,
}

impl Distribution {
    fn of<S: Sample, D: Dimension>(
        image: &ArrayView<'_, S, D>,
        what: &'static str,
    ) -> Result<Self, AlgorithmError> {
        if image.is_empty() {
            return Err(AlgorithmError::Empty { what });
        }
        if let Some(counts) = level_counts(image) {
            return Ok(Self::of_counts(&counts, S::LEAST));
        }
        let finite = image.iter().map(|v| v.to_f64()).filter(|v| v.is_finite());
        let mut sorted: Vec<f64> = finite.collect();
        if sorted.is_empty() {
            let count = image.len();
            return Err(AlgorithmError::NoFiniteSamples { what, count });
        }
        rayon::slice::ParallelSliceMut::par_sort_unstable_by(&mut sorted[..], f64::total_cmp);
        let total = sorted.len() as f64;
        let (mut values, mut quantiles) = (Vec::new(), Vec::new());
        for (index, &value) in sorted.iter().enumerate() {
            if sorted.get(index + 1) != Some(&value) {
                values.push(value);
                quantiles.push((index + 1) as f64 / total);
            }
        }
        Ok(Self {
            values,
            quantiles,
            is_counted: false,
        })
    }

    /// From how often each integer occurs, `least` and up.
    fn of_counts(counts: &[f64], least: f64) -> Self {
        let total: f64 = counts.iter().sum();
        let (mut values, mut quantiles, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for (level, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            sum += count;
            values.push(least + level as f64);
            quantiles.push(sum / total);
        }
        Self {
            values,
            quantiles,
            is_counted: true,
        }
    }

    /// Where a value that occurs lies among the distinct ones.
    fn rank(&self, value: f64) -> usize {
        let found = self.values.partition_point(|&other| other < value);
        found.min(self.values.len() - 1)
    }

    fn value_at(&self, quantile: f64) -> f64 {
        let above = self.quantiles.partition_point(|&q| q <= quantile);
        if above == 0 {
            return self.values[0];
        }
        let (from, low) = (self.quantiles[above - 1], self.values[above - 1]);
        let Some((&to, &high)) = self.quantiles.get(above).zip(self.values.get(above)) else {
            return low;
        };
        low + (high - low) / (to - from) * (quantile - from)
    }
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
