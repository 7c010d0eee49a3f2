//! Edge cases; reference values are in the golden cases.

use ndarray::{Array2, Array3};

use super::*;

#[test]
fn slabs_do_not_show_in_the_result() {
    // More rows than one slab holds.
    let truth = Array2::from_shape_fn((900, 400), |(y, x)| ((y * 13 + x * 7) % 101) as f32);
    let prediction = truth.mapv(|value| value * 0.9 + 3.0);
    let ssim = Ssim::uniform(100.0);
    let map = ssim.map(&prediction.view(), &truth.view()).unwrap();
    assert_eq!(map.shape(), truth.shape());
    let inside = map.slice(ndarray::s![3..897, 3..397]);
    let mean = ssim.mean(&prediction.view(), &truth.view()).unwrap();
    assert!((inside.mean().unwrap() - mean).abs() < 1e-12);
    let rows = ndarray::s![640..680, ..];
    let part = ssim
        .map(&prediction.slice(rows), &truth.slice(rows))
        .unwrap();
    let same = part.slice(ndarray::s![3..37, ..]);
    let whole = map.slice(ndarray::s![643..677, ..]);
    assert!(same.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn equal_images_are_fully_similar() {
    let image = Array3::from_shape_fn((7, 8, 9), |(z, y, x)| (z * y * x) as u16);
    let found = Ssim::uniform(65535.0)
        .mean(&image.view(), &image.view())
        .unwrap();
    assert!((found - 1.0).abs() < 1e-12);
}

#[test]
fn faults_are_errors() {
    let small = Array2::<u8>::zeros((6, 9));
    assert_eq!(
        Ssim::uniform(255.0)
            .mean(&small.view(), &small.view())
            .unwrap_err()
            .to_string(),
        "a window of 7 pixels does not fit into an image of shape [6, 9]"
    );
    let even = Ssim {
        window: SsimWindow::Uniform { size: 4 },
        ..Ssim::uniform(255.0)
    };
    assert!(even.mean(&small.view(), &small.view()).is_err());
    assert!(
        Ssim::gaussian(0.0)
            .mean(&small.view(), &small.view())
            .is_err()
    );
    let empty = Array2::<u8>::zeros((0, 0));
    assert!(
        Ssim::uniform(1.0)
            .map(&empty.view(), &empty.view())
            .is_err()
    );
    assert!(
        global_ssim(
            &empty.view(),
            &empty.view(),
            1.0,
            [0.01, 0.03],
            GlobalSsim::Wang
        )
        .is_err()
    );
}
