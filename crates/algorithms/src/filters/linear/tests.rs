//! Edge cases and blocks with a halo; reference values are in the golden cases.

use ndarray::{Array2, Array3, arr1, arr2, s};

use super::*;
use crate::transform::pad::Border;

#[test]
fn kernels_add_up_to_one_and_bad_sizes_are_errors() {
    for size in [1, 3, 5, 7, 9, 11, 31] {
        let sum: f64 = gaussian_kernel(size, 0.0).unwrap().iter().sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
    for (size, sigma, message) in [
        (
            0,
            0.0,
            "the kernel's size is 0, expected an odd number from 1 to 65536",
        ),
        (
            4,
            1.0,
            "the kernel's size is 4, expected an odd number from 1 to 65536",
        ),
        (3, f64::NAN, "sigma is NaN, expected a finite number"),
    ] {
        assert_eq!(
            gaussian_kernel(size, sigma).unwrap_err().to_string(),
            message
        );
    }
}

#[test]
fn blocks_with_a_halo_give_the_same_blur() {
    let image = Array2::from_shape_fn((70, 300), |(y, x)| ((y * 37 + x * 91) % 256) as u8);
    let blur = GaussianBlur::default();
    let whole = blur.apply(&image.view()).unwrap();
    let halo = blur.halo::<u8>().unwrap();
    let part = blur
        .apply(&image.slice(s![20 - halo..50 + halo, 100 - halo..]))
        .unwrap();
    assert_eq!(
        part.slice(s![halo..halo + 30, halo..]),
        whole.slice(s![20..50, 100..])
    );
}

#[test]
fn tiles_do_not_show_in_the_blur() {
    // Wide enough for several tiles, and a window larger than the image is high.
    let image = Array2::from_shape_fn((40, 3000), |(y, x)| ((y * 7 + x * x) % 100) as f32);
    let blur = GaussianBlur {
        size: Some(301),
        ..GaussianBlur::default()
    };
    let found = blur.apply(&image.view()).unwrap();
    let exact = Gaussian {
        sigma: vec![0.15 * 301.0 + 0.35],
        truncate: 150.0 / 45.5,
        border: Border::Reflect101,
    };
    let expected = exact.apply(&image.view()).unwrap();
    assert!(
        found
            .iter()
            .zip(&expected)
            .all(|(&a, &b)| (f64::from(a) - b).abs() < 1e-3)
    );
}

#[test]
fn faults_are_errors_and_empty_images_stay_empty() {
    let image = Array2::<u8>::zeros((3, 3));
    let none = GaussianBlur {
        size: None,
        ..GaussianBlur::default()
    };
    assert_eq!(
        none.apply(&image.view()).unwrap_err().to_string(),
        "sigma is 0, expected a number above 0, as no size is given"
    );
    let wrong = Gaussian {
        sigma: vec![1.0, 2.0, 3.0],
        ..Gaussian::default()
    };
    assert_eq!(
        wrong.apply(&image.view()).unwrap_err().to_string(),
        "sigma is [1.0, 2.0, 3.0], expected one number, or 2: one for each axis"
    );
    for sigma in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(
            Gaussian {
                sigma: vec![sigma],
                ..Gaussian::default()
            }
            .apply(&image.view())
            .is_err()
        );
    }
    let kernel = Array2::<f64>::zeros((0, 3));
    assert!(
        Convolution::default()
            .apply(&image.view(), &kernel.view())
            .is_err()
    );
    let empty = Array2::<u8>::zeros((0, 3));
    assert_eq!(GaussianBlur::default().apply(&empty.view()).unwrap(), empty);
    assert_eq!(Gaussian::default().apply(&empty.view()).unwrap().len(), 0);
}

#[test]
fn sigma_zero_changes_nothing_and_one_pixel_stays() {
    let volume = Array3::from_shape_fn((2, 3, 4), |(z, y, x)| (z * 12 + y * 4 + x) as f64);
    let same = Gaussian {
        sigma: vec![0.0],
        ..Gaussian::default()
    };
    assert_eq!(same.apply(&volume.view()).unwrap(), volume);
    let one = arr2(&[[200_u8]]);
    assert_eq!(GaussianBlur::default().apply(&one.view()).unwrap(), one);
}

#[test]
fn convolution_mirrors_the_kernel_and_correlation_does_not() {
    let (values, kernel) = (arr1(&[0.0, 1.0, 0.0, 0.0]), arr1(&[1.0, 2.0, 3.0, 4.0]));
    let convolved = Convolution::default()
        .apply(&values.view(), &kernel.view())
        .unwrap();
    assert_eq!(convolved, arr1(&[2.0, 3.0, 4.0, 0.0]));
    let correlation = Convolution {
        correlate: true,
        ..Convolution::default()
    };
    assert_eq!(
        correlation.apply(&values.view(), &kernel.view()).unwrap(),
        arr1(&[4.0, 3.0, 2.0, 1.0])
    );
}
