//! Edge cases and a comparison with all pairs; reference values are in the golden cases.

use ndarray::{Array2, Array3, ArrayD, IxDyn, arr1};
use proptest::prelude::*;

use super::*;

fn by_definition(mask: &Array3<bool>, measure: impl Fn([f64; 3]) -> f64) -> Array3<f64> {
    Array3::from_shape_fn(mask.raw_dim(), |at| {
        let distances = mask
            .indexed_iter()
            .filter(|&(_, &set)| !set)
            .map(|(to, _)| {
                let step = |a: usize, b: usize| a.abs_diff(b) as f64;
                measure([step(at.0, to.0), step(at.1, to.1), step(at.2, to.2)])
            });
        if mask[at] {
            distances.fold(f64::INFINITY, f64::min)
        } else {
            0.0
        }
    })
}

proptest! {
    #[test]
    fn agrees_with_all_pairs(
        shape in (1_usize..5, 1_usize..8, 1_usize..20),
        seed in prop::collection::vec(0_u8..12, 5 * 8 * 20),
        spacing in (0.3_f64..3.0, 0.3_f64..3.0, 0.3_f64..3.0),
    ) {
        let mask = Array3::from_shape_fn(shape, |(z, y, x)| seed[(z * 8 + y) * 20 + x] > 0);
        let found = |distance: Distance| distance.apply(&mask.view()).unwrap();
        let [sz, sy, sx] = [spacing.0, spacing.1, spacing.2];
        let euclidean = found(Distance { spacing: vec![sz, sy, sx], ..Distance::default() });
        let expected = by_definition(&mask, |[z, y, x]| (z * sz).hypot(y * sy).hypot(x * sx));
        prop_assert!(euclidean.iter().zip(&expected).all(|(a, b)| a == b || (a - b).abs() < 1e-9));
        let unit = by_definition(&mask, |[z, y, x]| z * z + y * y + x * x);
        prop_assert_eq!(squared_distance(&mask.view(), &[1.0]).unwrap(), unit);
        let steps = |metric| found(Distance { metric, ..Distance::default() });
        prop_assert_eq!(steps(Metric::Taxicab), by_definition(&mask, |[z, y, x]| z + y + x));
        prop_assert_eq!(steps(Metric::Chessboard), by_definition(&mask, |[z, y, x]| z.max(y).max(x)));
    }
}

#[test]
fn faults_are_errors_and_empty_masks_stay_empty() {
    let mask = Array2::from_elem((2, 3), true);
    for (spacing, message) in [
        (vec![0.0], "spacing is 0, expected a finite number above 0"),
        (
            vec![f64::NAN, 1.0],
            "spacing is NaN, expected a finite number above 0",
        ),
        (
            vec![1.0; 3],
            "spacing is [1.0, 1.0, 1.0], expected one number, or 2: one for each axis",
        ),
    ] {
        let wrong = Distance {
            spacing,
            ..Distance::default()
        };
        assert_eq!(wrong.apply(&mask.view()).unwrap_err().to_string(), message);
    }
    let deep = ArrayD::from_elem(IxDyn(&[1, 1, 1, 2]), true);
    assert!(
        Distance {
            metric: Metric::Taxicab,
            ..Distance::default()
        }
        .apply(&deep.view())
        .is_err()
    );
    for metric in [Metric::Euclidean, Metric::Chessboard, Metric::Taxicab] {
        let distance = Distance {
            metric,
            ..Distance::default()
        };
        assert_eq!(
            distance
                .apply(&Array2::from_elem((0, 3), true).view())
                .unwrap()
                .len(),
            0
        );
        let line = distance
            .apply(&arr1(&[true, true, false, true]).view())
            .unwrap();
        assert_eq!(line, arr1(&[2.0, 1.0, 0.0, 1.0]));
        assert!(
            distance
                .apply(&mask.view())
                .unwrap()
                .iter()
                .all(|value| value.is_infinite())
        );
    }
}
