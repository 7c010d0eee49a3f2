//! Edge cases; reference values are in the golden cases.

use ndarray::{Array2, arr1, arr2};

use super::*;
use crate::filters::linear::GaussianBlur;

#[test]
fn faulty_settings_are_errors() {
    let slice = Array2::<u8>::zeros((9, 9));
    let base = Extraction {
        block: Some(3),
        ..Extraction::default()
    };
    assert!(base.apply(&slice.view()).unwrap().nuclei.is_empty());
    for (wrong, message) in [
        (
            Extraction {
                area: [2.0, 1.0],
                ..base.clone()
            },
            "area is [2, 1], expected two numbers, the smaller first",
        ),
        (
            Extraction {
                scale: f64::NAN,
                ..base.clone()
            },
            "scale is NaN, expected a finite number of at least 0",
        ),
        (
            Extraction {
                block: Some(4),
                ..base.clone()
            },
            "the kernel's size is 4, expected an odd number from 1 to 65536",
        ),
        (
            Extraction {
                blur: GaussianBlur {
                    size: Some(2),
                    ..GaussianBlur::default()
                },
                ..base.clone()
            },
            "the kernel's size is 2, expected an odd number from 1 to 65536",
        ),
    ] {
        assert_eq!(wrong.apply(&slice.view()).unwrap_err().to_string(), message);
    }
    let wrong = Clustering {
        radius: -1.0,
        ..Clustering::default()
    };
    assert!(wrong.assign([[0, 0]]).is_err());
    for size in [0, 40000] {
        assert!(FixedCrop { size }.apply(&slice.view(), [0, 0]).is_err());
    }
}

#[test]
fn empty_slices_have_no_nuclei() {
    for shape in [(0, 0), (0, 7), (1, 1)] {
        let found = Extraction::default()
            .apply(&Array2::zeros(shape).view())
            .unwrap();
        assert!(found.nuclei.is_empty());
    }
    assert_eq!(
        Clustering::default().assign([]).unwrap(),
        Clusters::default()
    );
}

#[test]
fn centers_follow_a_drift_only_if_asked() {
    let drift = (0..5).map(|step| [0, step * 6]);
    let fixed = Clustering {
        radius: 10.0,
        update_center: false,
    };
    let ids = |clusters: Clusters| {
        clusters
            .members
            .iter()
            .map(|member| member.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(fixed.assign(drift.clone()).unwrap()),
        vec![0, 0, 1, 1, 2]
    );
    let following = Clustering {
        update_center: true,
        ..fixed
    };
    assert_eq!(ids(following.assign(drift).unwrap()), vec![0, 0, 0, 1, 1]);
}

#[test]
fn crops_far_outside_are_moved_inside() {
    let image = Array2::from_shape_fn((5, 6), |(y, x)| (10 * y + x) as u8);
    let crop = FixedCrop { size: 2 };
    assert_eq!(
        crop.apply(&image.view(), [i32::MIN, i32::MAX]).unwrap(),
        (arr2(&[[4, 5], [14, 15]]), [0, 4])
    );
    let (padded, origin) = FixedCrop { size: 7 }.apply(&image.view(), [3, 3]).unwrap();
    assert_eq!((padded[[4, 5]], padded[[6, 6]], origin), (45, 0, [0, 0]));
}

#[test]
fn the_outside_becomes_a_class() {
    let (image, classes) = (arr1(&[0, 150, 151, 255]), arr1(&[3, 0, 0, u32::MAX]));
    let found = ExteriorClass::default()
        .apply(&image.view(), &classes.view())
        .unwrap();
    assert_eq!(found, arr1(&[0, 0, 1, u32::MAX]));
    assert!(
        ExteriorClass::default()
            .apply(&image.view(), &arr1(&[1]).view())
            .is_err()
    );
}
