//! Edge cases; reference values are in the golden cases.

use ndarray::{Array2, arr1, arr2};

use super::*;

const METHODS: [ThresholdMethod; 6] = [
    ThresholdMethod::Otsu,
    ThresholdMethod::Li,
    ThresholdMethod::Triangle,
    ThresholdMethod::Yen,
    ThresholdMethod::Isodata,
    ThresholdMethod::Mean,
];

fn threshold(method: ThresholdMethod) -> Threshold {
    Threshold {
        method,
        ..Threshold::default()
    }
}

#[test]
fn a_constant_image_has_its_own_value_and_is_all_background() {
    for method in METHODS {
        let image = arr2(&[[7.5_f32; 3]; 2]);
        assert_eq!(threshold(method).level(&image.view()).unwrap(), 7.5);
        assert_eq!(
            threshold(method).apply(&image.view()).unwrap(),
            Array2::<u8>::zeros((2, 3))
        );
    }
}

#[test]
fn two_values_are_told_apart_and_non_finite_ones_left_out() {
    let image = arr1(&[1.0, 1.0, 1.0, 9.0, f64::NAN, f64::INFINITY]);
    for method in METHODS {
        assert_eq!(
            threshold(method).apply(&image.view()).unwrap(),
            arr1(&[0, 0, 0, 255, 0, 255]),
            "{method:?}"
        );
    }
    let signed = arr1(&[-30000_i16, -30000, 30000]);
    assert!(
        METHODS
            .iter()
            .all(|&method| threshold(method).level(&signed.view()).unwrap() < 30000.0)
    );
}

#[test]
fn faults_are_errors() {
    let otsu = Threshold::default();
    let error = |found: Result<f64, crate::AlgorithmError>| found.unwrap_err().to_string();
    assert_eq!(
        error(otsu.level(&Array2::<u8>::zeros((0, 2)).view())),
        "the image is empty, expected at least one element"
    );
    assert_eq!(
        error(otsu.level(&arr1(&[f32::NAN]).view())),
        "the image has no finite value: all 1 are NaN or infinite"
    );
    assert_eq!(
        error(otsu.level(&arr1(&[0_u32, u32::MAX]).view())),
        "the range of intensities is 0 to 4294967295, expected at most 16777216 grey levels"
    );
    let none = Threshold { bins: 0, ..otsu };
    assert_eq!(
        error(none.level(&arr1(&[0.0, 1.0]).view())),
        "bins is 0, expected 1 to 16777216"
    );
    assert_eq!(
        error(threshold(ThresholdMethod::Cutoff(f64::NAN)).level(&arr1(&[0.0]).view())),
        "cutoff is NaN, expected a number"
    );
    let image = Array2::<u8>::zeros((2, 2));
    for (block, offset) in [(1, 7.0), (4, 7.0), (3, f64::NAN)] {
        let wrong = AdaptiveThreshold {
            block,
            offset,
            ..AdaptiveThreshold::default()
        };
        assert!(wrong.apply(&image.view()).is_err());
    }
}

#[test]
fn extreme_offsets_set_all_or_nothing() {
    let image = Array2::from_shape_fn((5, 6), |(y, x)| (y * 40 + x) as u8);
    for (offset, inverse, value) in [
        (1e9, false, 255),
        (-1e9, false, 0),
        (1e9, true, 0),
        (-1e9, true, 255),
    ] {
        let threshold = AdaptiveThreshold {
            offset,
            inverse,
            ..AdaptiveThreshold::default()
        };
        assert!(
            threshold
                .apply(&image.view())
                .unwrap()
                .iter()
                .all(|&pixel| pixel == value)
        );
    }
}
