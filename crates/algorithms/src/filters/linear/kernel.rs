//! Gaussian weights along one axis.

use crate::AlgorithmError;

/// Most weights a kernel may have; wider ones are a slip of the pen, not a filter.
pub(super) const MAX_SIZE: usize = 1 << 16;

/// OpenCV's Gaussian kernel (`getGaussianKernel`): `size` weights that add up to 1.
///
/// With a `sigma` of 0 or less it follows from the size: sizes up to 9 have fixed binomial-like
/// weights, larger ones use `0.15 size + 0.35` pixels, so 11 gives a standard deviation of 2.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for an even size, 0, or a sigma that is no finite number.
pub fn gaussian_kernel(size: usize, sigma: f64) -> Result<Vec<f64>, AlgorithmError> {
    if size.is_multiple_of(2) || size > MAX_SIZE {
        let expected = format!("an odd number from 1 to {MAX_SIZE}");
        return Err(AlgorithmError::parameter(
            "the kernel's size",
            size,
            expected,
        ));
    }
    if !sigma.is_finite() {
        return Err(AlgorithmError::parameter("sigma", sigma, "a finite number"));
    }
    if sigma > 0.0 {
        return Ok(gaussian_weights(sigma, size / 2));
    }
    let table: &[f64] = match size {
        1 => &[1.0],
        3 => &[1.0, 2.0, 1.0],
        5 => &[1.0, 4.0, 6.0, 4.0, 1.0],
        7 => &[8.0, 28.0, 56.0, 72.0, 56.0, 28.0, 8.0],
        9 => &[4.0, 13.0, 30.0, 51.0, 60.0, 51.0, 30.0, 13.0, 4.0],
        _ => return Ok(gaussian_weights(0.15 * size as f64 + 0.35, size / 2)),
    };
    let sum: f64 = table.iter().sum();
    Ok(table.iter().map(|weight| weight / sum).collect())
}

/// `2 radius + 1` samples of a Gaussian that add up to 1; a `sigma` of 0 is the identity.
pub(crate) fn gaussian_weights(sigma: f64, radius: usize) -> Vec<f64> {
    let radius = radius as isize;
    let weight = |offset: isize| {
        let x = offset as f64;
        if offset == 0 {
            1.0
        } else {
            (-x * x / (2.0 * sigma * sigma)).exp()
        }
    };
    let weights: Vec<f64> = (-radius..=radius).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// A kernel in fixed point of `one`, the rounding error carried from the ends to the centre, whose
/// weight makes the sum exact: OpenCV's bit-exact smoothing.
pub(super) fn fixed_point(kernel: &[f64], one: f64) -> Vec<u32> {
    let half = kernel.len() / 2;
    let mut fixed = vec![0; kernel.len()];
    let (mut error, mut sum) = (0.0, 0.0);
    for index in 0..half {
        let exact = one * kernel[index] + error;
        let rounded = exact.round_ties_even();
        error = exact - rounded;
        sum += rounded;
        fixed[index] = rounded as u32;
        fixed[kernel.len() - 1 - index] = rounded as u32;
    }
    fixed[half] = (one - 2.0 * sum) as u32;
    fixed
}
