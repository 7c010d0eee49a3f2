//! How far the features of generated images are from those of real ones.
//!
//! Rows are images or objects, columns features. No network's weights come with this: features
//! are the user's, such as area, eccentricity and mean intensity of nuclei. State them with the
//! score, as in "Frechet (area, eccentricity)"; it is no FID.

mod frechet;
mod kernel;

use ndarray::ArrayView2;
use serde::Serialize;

use crate::AlgorithmError;
pub use frechet::frechet_distance;
pub use kernel::kernel_distance;

/// Both distances, and of how many samples: compare scores of equal numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FeatureDistances {
    /// [`frechet_distance`].
    pub frechet: f64,
    /// [`kernel_distance`].
    pub kernel: f64,
    /// Rows of the real and of the generated features.
    pub samples: [usize; 2],
}

/// Distances of real (`n` x `d`) and generated (`m` x `d`) features.
///
/// # Errors
/// As [`frechet_distance`].
pub fn feature_distances(
    real: &ArrayView2<'_, f64>,
    generated: &ArrayView2<'_, f64>,
) -> Result<FeatureDistances, AlgorithmError> {
    Ok(FeatureDistances {
        frechet: frechet_distance(real, generated)?,
        kernel: kernel_distance(real, generated)?,
        samples: [real.nrows(), generated.nrows()],
    })
}

fn check(
    real: &ArrayView2<'_, f64>,
    generated: &ArrayView2<'_, f64>,
) -> Result<(), AlgorithmError> {
    if real.ncols() != generated.ncols() {
        let expected = format!("{}, as of the real ones", real.ncols());
        let got = generated.ncols();
        return Err(AlgorithmError::parameter(
            "the number of generated features",
            got,
            expected,
        ));
    }
    if real.ncols() == 0 {
        return Err(AlgorithmError::Empty {
            what: "the list of features",
        });
    }
    for (what, features) in [
        ("the real features", real),
        ("the generated features", generated),
    ] {
        if features.nrows() < 2 {
            return Err(AlgorithmError::parameter(
                what,
                features.nrows(),
                "at least 2 rows",
            ));
        }
        let count = features.iter().filter(|value| !value.is_finite()).count();
        if count > 0 {
            return Err(AlgorithmError::NotNumbers { what, count });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, arr2};

    use super::*;

    #[test]
    fn faults_are_errors() {
        let good = arr2(&[[1.0, 2.0], [3.0, 5.0]]);
        let of = |other: &Array2<f64>| feature_distances(&good.view(), &other.view());
        assert!(of(&arr2(&[[1.0], [2.0]])).is_err());
        assert!(of(&arr2(&[[1.0, 2.0]])).is_err());
        assert!(of(&arr2(&[[1.0, f64::NAN], [3.0, 5.0]])).is_err());
        let none = Array2::<f64>::zeros((3, 0));
        assert!(feature_distances(&none.view(), &none.view()).is_err());
        let found = of(&good).unwrap();
        assert!(found.frechet.abs() < 1e-9 && found.samples == [2, 2]);
    }

    #[test]
    fn shifted_features_are_as_far_as_the_shift() {
        let features = Array2::from_shape_fn((9, 3), |(i, j)| ((i * 7 + j * 5) % 11) as f64);
        let shifted = &features + &arr2(&[[3.0, 4.0, 0.0]]);
        let found = frechet_distance(&features.view(), &shifted.view()).unwrap();
        assert!((found - 25.0).abs() < 1e-9, "{found}");
    }
}
