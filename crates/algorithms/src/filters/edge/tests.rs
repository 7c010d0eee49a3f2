//! Edge cases; reference values are in the golden cases.

use ndarray::{Array2, arr2};

use super::*;

#[test]
fn faulty_settings_are_errors() {
    let image = Array2::<u8>::zeros((4, 4));
    let integer = CannyInteger {
        aperture: 4,
        ..CannyInteger::default()
    };
    assert_eq!(
        integer.apply(&image.view()).unwrap_err().to_string(),
        "aperture is 4, expected 3, 5 or 7"
    );
    let integer = CannyInteger {
        low: f64::NAN,
        ..CannyInteger::default()
    };
    assert_eq!(
        integer.apply(&image.view()).unwrap_err().to_string(),
        "low is NaN, expected a number"
    );
    for (canny, message) in [
        (
            Canny {
                low: Some(2.0),
                high: Some(1.0),
                ..Canny::default()
            },
            "low is 2, expected at most the upper threshold 1",
        ),
        (
            Canny {
                low: Some(2.0),
                quantiles: true,
                ..Canny::default()
            },
            "low is 2, expected a number, from 0 to 1 for quantiles",
        ),
        (
            Canny {
                sigma: -1.0,
                ..Canny::default()
            },
            "sigma is -1, expected 0 or more and below 8192",
        ),
    ] {
        assert_eq!(
            canny
                .apply(&image.mapv(f64::from).view())
                .unwrap_err()
                .to_string(),
            message
        );
    }
}

#[test]
fn empty_tiny_and_non_finite_images_have_no_edges() {
    for shape in [(0, 0), (0, 4), (1, 1), (1, 5)] {
        let image = Array2::<u8>::zeros(shape);
        assert_eq!(CannyInteger::default().apply(&image.view()).unwrap(), image);
        assert!(
            Canny::default()
                .apply(&image.view())
                .unwrap()
                .iter()
                .all(|&edge| !edge)
        );
    }
    let image = arr2(&[[f32::NAN; 5]; 5]);
    assert!(
        Canny::default()
            .apply(&image.view())
            .unwrap()
            .iter()
            .all(|&edge| !edge)
    );
}

#[test]
fn exchanged_thresholds_are_put_right() {
    let image = Array2::from_shape_fn((20, 20), |(y, x)| ((y * x * 7) % 256) as u8);
    let right = CannyInteger::default();
    let exchanged = CannyInteger {
        low: right.high,
        high: right.low,
        ..right.clone()
    };
    assert_eq!(
        exchanged.apply(&image.view()).unwrap(),
        right.apply(&image.view()).unwrap()
    );
}
