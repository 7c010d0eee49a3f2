//! The Frechet distance of two normal distributions.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::check;
use crate::AlgorithmError;
use crate::eigen::symmetric_eigen;

/// `|m1 - m2|^2 + tr(S1 + S2 - 2 (S1^.5 S2 S1^.5)^.5)` of the features' means and covariances
/// (divided by n - 1), as in Heusel et al. 2017; eigenvalues below 0 count as 0.
///
/// With few samples it is too large: compare scores of equal numbers of samples only. Cubic in
/// the number of features.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for fewer than 2 rows or another number of features,
/// [`AlgorithmError::Empty`] without features, [`AlgorithmError::NotNumbers`] for values that are
/// not finite.
pub fn frechet_distance(
    real: &ArrayView2<'_, f64>,
    generated: &ArrayView2<'_, f64>,
) -> Result<f64, AlgorithmError> {
    check(real, generated)?;
    let (mean, covariance) = moments(real);
    let (other_mean, other_covariance) = moments(generated);
    let shift = &mean - &other_mean;
    let root = square_root(&covariance);
    let (values, _) = symmetric_eigen(&root.dot(&other_covariance).dot(&root));
    let common: f64 = values.iter().map(|value| value.max(0.0).sqrt()).sum();
    let spread = covariance.diag().sum() + other_covariance.diag().sum();
    Ok(shift.dot(&shift) + spread - 2.0 * common)
}

fn moments(features: &ArrayView2<'_, f64>) -> (Array1<f64>, Array2<f64>) {
    let count = features.nrows() as f64;
    let mean = features.sum_axis(Axis(0)) / count;
    let centred = features - &mean;
    (mean, centred.t().dot(&centred) / (count - 1.0))
}

fn square_root(matrix: &Array2<f64>) -> Array2<f64> {
    let (values, vectors) = symmetric_eigen(matrix);
    let roots = values.mapv(|value| value.max(0.0).sqrt());
    (&vectors * &roots).dot(&vectors.t())
}
