//! Eigenvalues of small symmetric matrices.

use ndarray::{Array1, Array2};

/// Eigenvalues in ascending order and their vectors, as columns, of a symmetric matrix of finite
/// values; only its upper triangle counts.
///
/// Cyclic Jacobi rotations (Golub and Van Loan, section 8.5): accurate to rounding even for
/// eigenvalues near 0, and cubic in the size.
pub(crate) fn symmetric_eigen(matrix: &Array2<f64>) -> (Array1<f64>, Array2<f64>) {
    let size = matrix.nrows();
    let mut a = Array2::from_shape_fn((size, size), |(i, j)| matrix[[i.min(j), i.max(j)]]);
    let mut vectors = Array2::eye(size);
    let scale: f64 = a.iter().map(|value| value * value).sum();
    for _ in 0..100 {
        let off: f64 = (0..size)
            .flat_map(|i| (i + 1..size).map(move |j| (i, j)))
            .map(|at| a[at] * a[at])
            .sum();
        if off <= scale * 1e-32 {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&i, &j| a[[i, i]].total_cmp(&a[[j, j]]));
    let values = order.iter().map(|&i| a[[i, i]]).collect();
    (values, vectors.select(ndarray::Axis(1), &order))
}

/// Makes the element `p, q` 0.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    let off = a[[p, q]];
    if off == 0.0 {
        return;
    }
    let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * off);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |x: f64, y: f64| (cosine * x - sine * y, sine * x + cosine * y);
    for k in 0..a.nrows() {
        (a[[k, p]], a[[k, q]]) = turn(a[[k, p]], a[[k, q]]);
        (vectors[[k, p]], vectors[[k, q]]) = turn(vectors[[k, p]], vectors[[k, q]]);
    }
    for k in 0..a.ncols() {
        (a[[p, k]], a[[q, k]]) = turn(a[[p, k]], a[[q, k]]);
    }
    (a[[p, q]], a[[q, p]]) = (0.0, 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_and_values_make_the_matrix_again() {
        let matrix = Array2::from_shape_fn((7, 7), |(i, j)| {
            ((i + 1) * (j + 1) % 5) as f64 + if i == j { i as f64 } else { 0.0 }
        });
        let (values, vectors) = symmetric_eigen(&matrix);
        let again = vectors.dot(&Array2::from_diag(&values)).dot(&vectors.t());
        assert!(
            (again - matrix)
                .iter()
                .all(|difference| difference.abs() < 1e-12)
        );
        assert!(values.windows(2).into_iter().all(|pair| pair[0] <= pair[1]));
        let (values, _) = symmetric_eigen(&Array2::zeros((0, 0)));
        assert_eq!(values.len(), 0);
    }
}
