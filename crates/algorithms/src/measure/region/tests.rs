//! Edge cases; reference values are in the golden cases.

use ndarray::{Array2, arr2};

use super::*;

#[test]
fn one_pixel_is_a_point_with_an_area() {
    let regions = region_properties(&arr2(&[[0, u32::MAX]]).view());
    let [region] = &regions[..] else {
        panic!("one label")
    };
    assert_eq!(
        (region.label, region.area, region.bounding_box),
        (u32::MAX, 1, [0, 1, 1, 2])
    );
    assert_eq!(
        (
            region.eccentricity,
            region.extent,
            region.perimeter,
            region.euler
        ),
        (0.0, 1.0, 0.0, 1)
    );
    assert_eq!((region.major_axis, region.minor_axis), (0.0, 0.0));
}

#[test]
fn touching_labels_are_apart_and_holes_count() {
    let regions = region_properties(&arr2(&[[5, 5, 5, 2], [5, 0, 5, 2], [5, 5, 5, 2]]).view());
    let found: Vec<_> = regions
        .iter()
        .map(|region| (region.label, region.area, region.euler))
        .collect();
    assert_eq!(found, vec![(2, 3, 1), (5, 8, 0)]);
    assert_eq!(regions[1].perimeter, 8.0);
}

#[test]
fn empty_images_have_no_regions() {
    for shape in [(0, 0), (0, 3), (3, 3)] {
        assert!(region_properties(&Array2::zeros(shape).view()).is_empty());
    }
}
