//! Edge cases of key points; reference values are in the golden cases.

use ndarray::{Array2, arr1, arr2};

use super::*;

#[test]
fn kernels_have_sum_one_and_faults_are_named() {
    for kernel in [
        Kernel::Mean { size: 1 },
        Kernel::default(),
        Kernel::Airy(Optics::default()),
        Kernel::AiryGaussian(Optics::default()),
    ] {
        let weights = kernel.weights().unwrap();
        assert!((weights.sum() - 1.0).abs() < 1e-12, "{kernel:?}");
    }
    let optics = Optics::default();
    assert_eq!(Kernel::Airy(optics).weights().unwrap().nrows(), 9);
    let error = |kernel: Kernel| kernel.weights().unwrap_err().to_string();
    for (kernel, expected) in [
        (Kernel::Mean { size: 4 }, "the kernel's size is 4"),
        (Kernel::Mean { size: 0 }, "the kernel's size is 0"),
        (Kernel::Airy(Optics { na: 0.0, ..optics }), "na is 0"),
        (
            Kernel::Airy(Optics {
                pixel_um: 1e-9,
                ..optics
            }),
            "the kernel's size is",
        ),
        (
            Kernel::Gaussian {
                size: 5,
                sigma: Some(-1.0),
            },
            "sigma is -1",
        ),
    ] {
        assert!(error(kernel).starts_with(expected), "{}", error(kernel));
    }
}

#[test]
fn points_at_corners_lose_what_is_outside() {
    let mut points = Array2::from_elem((3, 3), false);
    points[[0, 0]] = true;
    let options = Reconstruction {
        kernel: Kernel::Mean { size: 3 },
        gain: Gain::Sum,
    };
    let image = reconstruct(&points.view(), &options).unwrap();
    let ninth = 1.0 / 9.0;
    let expected = arr2(&[[ninth, ninth, 0.0], [ninth, ninth, 0.0], [0.0; 3]]);
    assert_eq!(image, expected);
    let bright = Reconstruction {
        gain: Gain::MinMax,
        ..options
    };
    let image = reconstruct(&points.view(), &bright).unwrap();
    assert_eq!((image[[0, 0]], image[[2, 2]]), (1.0, 0.0));
    let none = points.mapv(|_| false);
    assert_eq!(
        reconstruct(&none.view(), &bright).unwrap(),
        Array2::<f64>::zeros((3, 3))
    );
    let wide = Reconstruction {
        kernel: Kernel::Mean { size: 41 },
        gain: Gain::PeakClip,
    };
    assert_eq!(
        reconstruct(&points.view(), &wide).unwrap(),
        Array2::<f64>::ones((3, 3))
    );
    let empty = Array2::from_elem((0, 4), false);
    assert_eq!(reconstruct(&empty.view(), &wide).unwrap().dim(), (0, 4));
}

#[test]
fn selection_is_strict() {
    let selected = select_keypoints(&arr1(&[0.3, 0.31, f64::NAN]).view(), 0.3);
    assert_eq!(selected.unwrap(), arr1(&[false, true, false]));
    assert!(select_keypoints(&arr1(&[0.3]).view(), f64::NAN).is_err());
}
