//! Edge cases; reference values are in the golden cases.

use ndarray::{Array2, Array3, arr1, arr2};

use super::*;

#[test]
fn the_higher_of_two_near_peaks_stays() {
    let values = arr1(&[0, 5, 0, 9, 0, 0, 0, 0, 5_u8]);
    let peaks = |min_distance, exclude_border| {
        PeakLocalMax {
            min_distance,
            exclude_border,
            ..PeakLocalMax::default()
        }
        .apply(&values.view())
        .unwrap()
    };
    assert_eq!(peaks(1, Some(0)), vec![vec![3], vec![1], vec![8]]);
    assert_eq!(peaks(1, None), vec![vec![3], vec![1]]);
    assert_eq!(peaks(3, Some(0)), vec![vec![3], vec![8]]);
    assert_eq!(peaks(usize::MAX / 4, Some(0)), vec![vec![3]]);
}

#[test]
fn a_plateau_keeps_pixels_at_the_distance() {
    let mut values = Array2::<f32>::zeros((3, 9));
    values.row_mut(1).fill(1.0);
    let peaks = PeakLocalMax {
        min_distance: 4,
        exclude_border: Some(0),
        ..PeakLocalMax::default()
    };
    assert_eq!(
        peaks.apply(&values.view()).unwrap(),
        vec![vec![1, 0], vec![1, 4], vec![1, 8]]
    );
}

#[test]
fn thresholds_and_counts_limit_the_peaks() {
    let values = arr1(&[1.0, 8.0, 1.0, 4.0, 1.0, 2.0, 1.0]);
    let base = PeakLocalMax::default();
    let found = |peaks: PeakLocalMax| peaks.apply(&values.view()).unwrap().len();
    assert_eq!(found(base.clone()), 3);
    assert_eq!(
        found(PeakLocalMax {
            threshold: Some(2.0),
            ..base.clone()
        }),
        2
    );
    assert_eq!(
        found(PeakLocalMax {
            relative_threshold: Some(0.5),
            ..base.clone()
        }),
        1
    );
    assert_eq!(
        found(PeakLocalMax {
            count: Some(2),
            ..base.clone()
        }),
        2
    );
    let wrong = PeakLocalMax {
        threshold: Some(f64::NAN),
        ..base
    };
    assert_eq!(
        wrong.apply(&values.view()).unwrap_err().to_string(),
        "threshold is NaN, expected a number"
    );
}

#[test]
fn constant_empty_and_non_finite_images_have_no_peaks() {
    let base = PeakLocalMax {
        exclude_border: Some(0),
        ..PeakLocalMax::default()
    };
    assert!(
        base.apply(&Array3::<u8>::ones((2, 3, 4)).view())
            .unwrap()
            .is_empty()
    );
    assert!(
        base.apply(&Array2::<u8>::ones((0, 4)).view())
            .unwrap()
            .is_empty()
    );
    assert!(
        base.apply(&arr2(&[[f64::NAN; 3]]).view())
            .unwrap()
            .is_empty()
    );
}
