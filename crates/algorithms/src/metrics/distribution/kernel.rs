//! The kernel distance.

use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;

use super::check;
use crate::AlgorithmError;

/// The unbiased squared maximum mean discrepancy with the kernel `(x . y / d + 1)^3` of `d`
/// features (Binkowski et al. 2018). Below 0 by chance where the two are alike.
///
/// # Errors
/// As [`super::frechet_distance`].
pub fn kernel_distance(
    real: &ArrayView2<'_, f64>,
    generated: &ArrayView2<'_, f64>,
) -> Result<f64, AlgorithmError> {
    check(real, generated)?;
    let within = |features: &ArrayView2<'_, f64>| {
        let count = features.nrows() as f64;
        let all = kernel_sum(features, features);
        let own: f64 = features
            .rows()
            .into_iter()
            .map(|row| kernel(&row, &row))
            .sum();
        (all - own) / (count * (count - 1.0))
    };
    let pairs = real.nrows() as f64 * generated.nrows() as f64;
    let between = kernel_sum(real, generated) / pairs;
    Ok(within(real) + within(generated) - 2.0 * between)
}

/// Sum over all pairs of rows, in the order of rows whatever the threads.
fn kernel_sum(a: &ArrayView2<'_, f64>, b: &ArrayView2<'_, f64>) -> f64 {
    let rows: Vec<ArrayView1<'_, f64>> = a.rows().into_iter().collect();
    let sums: Vec<f64> = rows
        .par_iter()
        .map(|row| b.rows().into_iter().map(|other| kernel(row, &other)).sum())
        .collect();
    sums.iter().sum()
}

fn kernel(x: &ArrayView1<'_, f64>, y: &ArrayView1<'_, f64>) -> f64 {
    (x.dot(y) / x.len() as f64 + 1.0).powi(3)
}
