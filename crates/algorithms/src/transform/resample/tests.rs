//! Edge cases of resampling; reference values are in the golden cases.

use ndarray::{Array2, Array3, arr1, arr2};

use super::*;

fn methods() -> Vec<Method> {
    let torch = |mode| {
        Method::Torch(Torch {
            mode,
            ..Torch::default()
        })
    };
    let pillow = |filter| Method::Pillow(Pillow { filter });
    let mut methods = vec![
        torch(TorchMode::Nearest),
        torch(TorchMode::NearestExact),
        torch(TorchMode::Linear),
        torch(TorchMode::Cubic),
        pillow(PillowFilter::Nearest),
        pillow(PillowFilter::Box),
        pillow(PillowFilter::Bilinear),
        pillow(PillowFilter::Bicubic),
        pillow(PillowFilter::Lanczos),
        Method::Area,
    ];
    methods.extend((0..=5).map(|order| {
        Method::Skimage(Skimage {
            order,
            ..Skimage::default()
        })
    }));
    methods
}

#[test]
fn constant_images_stay_constant_at_any_size() {
    for method in methods() {
        for size in [[1, 1], [3, 9], [40, 2]] {
            let image = Array2::from_elem((5, 7), 200_u8);
            let found = resize(&image.view(), &Resize::to(&size, method)).unwrap();
            assert_eq!(found, Array2::from_elem(size, 200), "{method:?}");
        }
    }
}

#[test]
fn single_pixels_grow_and_leading_axes_stay() {
    for method in methods() {
        let image = Array3::from_shape_vec((2, 1, 1), vec![1.5_f32, -4.0]).unwrap();
        let found = resize(&image.view(), &Resize::to(&[3, 2], method)).unwrap();
        let expected = Array3::from_shape_fn((2, 3, 2), |(c, _, _)| image[[c, 0, 0]]);
        assert!(
            (found - expected).iter().all(|d| d.abs() < 1e-6),
            "{method:?}"
        );
    }
}

#[test]
fn faults_are_named() {
    let image = Array2::<u8>::zeros((4, 4));
    let of = |options: &Resize| resize(&image.view(), options).unwrap_err().to_string();
    let area = |size: &[usize]| Resize::to(size, Method::Area);
    let order = Method::Skimage(Skimage {
        order: 9,
        ..Skimage::default()
    });
    let scaled = Resize {
        scale: vec![0.1, f64::NAN],
        ..Resize::default()
    };
    for (options, expected) in [
        (area(&[0, 2]), "the new length is 0"),
        (area(&[1, 1, 1]), "the image has 2 axes"),
        (area(&[usize::MAX, 9]), "the new length is"),
        (area(&[1 << 31, 1 << 31]), "the new size is"),
        (area(&[]), "size is []"),
        (Resize::to(&[2, 2], order), "order is 9, expected 0 to 5"),
        (scaled, "the new length is 0"),
    ] {
        let message = of(&options);
        assert!(message.starts_with(expected), "{message}");
    }
    let empty = Array2::<u8>::zeros((0, 4));
    let error = resize(&empty.view(), &area(&[2, 2])).unwrap_err();
    assert_eq!(error, AlgorithmError::Empty { what: "the image" });
    let error = resize_labels(&image.view(), &area(&[2, 2])).unwrap_err();
    assert!(error.to_string().ends_with("expected a nearest method"));
}

#[test]
fn a_scale_spaces_pixels_by_its_inverse() {
    let line = arr1(&[0.0_f32, 1.0, 2.0, 3.0, 4.0]);
    let options = Resize {
        scale: vec![0.5],
        method: Method::Torch(Torch::default()),
        ..Resize::default()
    };
    assert_eq!(resize(&line.view(), &options).unwrap(), arr1(&[0.5, 2.5]));
}

#[test]
fn infinities_spread_only_where_they_have_weight() {
    let line = arr1(&[f32::INFINITY, 1.0, 2.0, f32::NAN]);
    let options = Resize::to(&[8], Method::Torch(Torch::default()));
    let found = resize(&line.view(), &options).unwrap();
    assert!(found[0].is_infinite() && found[3] == 1.25 && found[7].is_nan());
}

#[test]
fn labels_stay_exact() {
    let labels = arr2(&[[0_u32, u32::MAX], [7, 3_000_000_000]]);
    let options = Resize::to(&[4, 4], Method::nearest());
    let found = resize_labels(&labels.view(), &options).unwrap();
    assert_eq!((found[[0, 3]], found[[3, 3]]), (u32::MAX, 3_000_000_000));
}

#[test]
fn degrading_needs_pixels_and_a_factor() {
    let image = Array2::<u8>::zeros((5, 16));
    let of = |factor| {
        let options = Degrade {
            factor,
            ..Degrade::default()
        };
        degrade(&image.view(), &options)
    };
    assert_eq!(of(0.25).unwrap().low.dim(), (1, 4));
    for factor in [0.1, 0.0, -1.0, 1.5, f64::NAN] {
        assert!(of(factor).is_err());
    }
}
