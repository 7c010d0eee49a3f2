//! Edge cases; reference values are in the golden cases.

use ndarray::{Array2, arr2};

use super::*;

#[test]
fn a_ring_has_an_outer_border_and_a_hole() {
    let mut image = Array2::<u8>::ones((4, 4));
    image.slice_mut(ndarray::s![1..3, 1..3]).fill(0);
    let contours = find_contours(&image.view()).unwrap();
    assert_eq!(contours.len(), 2);
    assert_eq!((contours[0].is_hole, contours[0].parent), (false, None));
    assert_eq!((contours[1].is_hole, contours[1].parent), (true, Some(0)));
    assert_eq!(contours[0].corners(), vec![[0, 0], [3, 0], [3, 3], [0, 3]]);
    assert_eq!(hierarchy(&contours), vec![[-1, -1, 1, -1], [-1, -1, -1, 0]]);
}

#[test]
fn siblings_come_in_reverse_raster_order() {
    let contours = find_contours(&arr2(&[[1_u8, 0, 1, 0, 1]]).view()).unwrap();
    let starts: Vec<_> = contours.iter().map(|contour| contour.points[0]).collect();
    assert_eq!(starts, vec![[0, 4], [0, 2], [0, 0]]);
    assert_eq!(hierarchy(&contours)[1], [2, 0, -1, -1]);
}

#[test]
fn thin_parts_are_walked_on_both_sides() {
    let contours = find_contours(&arr2(&[[1_u8, 1, 1]]).view()).unwrap();
    assert_eq!(contours[0].points, vec![[0, 0], [0, 1], [0, 2], [0, 1]]);
    assert_eq!(contours[0].corners(), vec![[0, 0], [0, 2]]);
}

#[test]
fn empty_and_single_pixel_images_work() {
    for shape in [(0, 0), (0, 3), (3, 0), (3, 3)] {
        assert!(
            find_contours(&Array2::<f32>::zeros(shape).view())
                .unwrap()
                .is_empty()
        );
    }
    let one = find_contours(&arr2(&[[1_u8]]).view()).unwrap();
    assert_eq!((one.len(), one[0].corners()), (1, vec![[0, 0]]));
}

#[test]
fn polygons_without_area_have_no_centroid() {
    for points in [vec![], vec![[3, 4]], vec![[3, 4], [5, 6]]] {
        assert_eq!((area(&points), centroid(&points)), (0.0, None));
        assert_eq!(moments(&points), Moments::default());
    }
    assert_eq!(perimeter(&[[0, 0], [0, 3]]), 6.0);
    assert_eq!(bounding_box(&[]), None);
    assert_eq!(bounding_box(&[[-1, 5], [2, 3]]), Some(([-1, 3], [4, 3])));
}

#[test]
fn approximation_keeps_corners_and_survives_odd_input() {
    let square: Vec<Point> = find_contours(&Array2::<u8>::ones((9, 9)).view()).unwrap()[0]
        .points
        .clone();
    assert_eq!(approximate(&square, 1.0).len(), 4);
    assert_eq!(approximate(&square, f64::INFINITY).len(), 1);
    assert_eq!(approximate(&square, f64::NAN).len(), 4);
    assert!(approximate(&[], 1.0).is_empty());
    assert_eq!(approximate(&[[1, 1]], 0.0), vec![[1, 1]]);
    assert_eq!(approximate(&[[1, 1], [1, 1]], 0.0), vec![[1, 1]]);
}

#[test]
fn polygons_are_filled_with_their_outline_and_cut_at_the_edge() {
    let mask = fill_polygon(&[[1, 1], [1, 3], [3, 3], [3, 1]], [5, 5]);
    assert_eq!(mask.iter().filter(|&&set| set).count(), 9);
    let all = fill_polygon(&[[-9, -9], [-9, i32::MAX], [90, 90], [90, -9]], [4, 6]);
    assert!(all.iter().all(|&set| set));
    assert_eq!(fill_polygon(&[], [2, 2]), Array2::from_elem((2, 2), false));
    assert_eq!(fill_polygon(&[[0, 0]], [0, 2]).len(), 0);
}
