//! Edge cases; reference values are in the golden cases.

use ndarray::{Array2, ArrayD, IxDyn, arr1, arr2};

use super::*;

#[test]
fn basins_meet_at_the_ridge() {
    let image = arr1(&[0.0, 1.0, 5.0, f64::NAN, 1.0, -1.0]);
    let markers = arr1(&[7, 0, 0, 0, 0, 3]);
    let basins = Watershed::default();
    assert_eq!(
        basins.apply(&image.view(), &markers.view(), None).unwrap(),
        arr1(&[7, 7, 7, 3, 3, 3])
    );
    let lines = Watershed {
        line: true,
        ..basins
    };
    assert_eq!(
        lines.apply(&image.view(), &markers.view(), None).unwrap(),
        arr1(&[7, 7, 7, 0, 3, 3])
    );
}

#[test]
fn the_mask_stops_the_flood_and_drops_markers() {
    let image = Array2::<u8>::zeros((1, 5));
    let markers = arr2(&[[1, 0, 0, 0, 2]]);
    let mask = arr2(&[[true, true, false, true, false]]);
    let found = Watershed::default()
        .apply(&image.view(), &markers.view(), Some(&mask.view()))
        .unwrap();
    assert_eq!(found, arr2(&[[1, 1, 0, 0, 0]]));
}

#[test]
fn faults_are_errors_and_empty_images_stay_empty() {
    let image = Array2::<f32>::zeros((2, 2));
    let markers = Array2::zeros((2, 3));
    assert!(
        Watershed::default()
            .apply(&image.view(), &markers.view(), None)
            .is_err()
    );
    let markers = Array2::zeros((2, 2));
    let mask = Array2::from_elem((1, 2), true);
    assert!(
        Watershed::default()
            .apply(&image.view(), &markers.view(), Some(&mask.view()))
            .is_err()
    );
    let wrong = Watershed {
        connectivity: 0,
        line: false,
    };
    assert!(wrong.apply(&image.view(), &markers.view(), None).is_err());
    let deep = ArrayD::<u8>::zeros(IxDyn(&[1; 4]));
    assert!(
        Watershed::default()
            .apply(&deep.view(), &deep.mapv(u32::from).view(), None)
            .is_err()
    );
    let empty = Array2::<u8>::zeros((0, 4));
    assert_eq!(
        Watershed::default()
            .apply(&empty.view(), &Array2::zeros((0, 4)).view(), None)
            .unwrap()
            .len(),
        0
    );
}
