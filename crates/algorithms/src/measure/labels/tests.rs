//! Edge cases of label cleaning; reference values are in the golden cases.

use ndarray::{Array2, Axis, arr1, arr2};

use super::*;

#[test]
fn relabelling_keeps_the_order_and_the_way_back() {
    let (labels, inverse) = relabel_sequential(&arr1(&[7, 0, 3, 7, 900]).view());
    assert_eq!(labels, arr1(&[2, 0, 1, 2, 3]));
    assert_eq!(inverse, vec![0, 3, 7, 900]);
    let (empty, inverse) = relabel_sequential(&Array2::zeros((0, 4)).view());
    assert_eq!((empty.len(), inverse), (0, vec![0]));
}

#[test]
fn sizes_count_split_labels_once() {
    let sizes = label_sizes(&arr1(&[5, 5, 0, 2, 5]).view());
    assert_eq!(sizes.into_iter().collect::<Vec<_>>(), vec![(2, 1), (5, 3)]);
}

#[test]
fn small_labels_go_and_the_rest_keeps_its_number() {
    let mut labels = arr1(&[4, 4, 0, 9, 2, 2]);
    assert_eq!(remove_small_labels(&mut labels, 2), 1);
    assert_eq!(labels, arr1(&[4, 4, 0, 0, 2, 2]));
}

#[test]
fn a_flat_stack_has_no_border_along_z() {
    let ring = arr2(&[
        [false, false, false, false, false],
        [false, true, true, true, false],
        [false, true, false, true, false],
        [false, true, true, true, false],
        [false, false, false, false, false],
    ]);
    let filled = fill_holes(&ring.view(), 1).unwrap();
    assert_eq!(filled.iter().filter(|&&inside| inside).count(), 9);
    let stack = ring.clone().insert_axis(Axis(0));
    assert_eq!(
        fill_holes(&stack.view(), 1).unwrap().index_axis(Axis(0), 0),
        filled
    );
    let labels = stack.mapv(u32::from);
    assert_eq!(clear_border(&labels.view(), 0), labels);
    assert_eq!(clear_border(&labels.view(), 1).iter().max(), Some(&0));
}

#[test]
fn slices_can_be_cleaned_one_by_one() {
    let mut mask = ndarray::Array3::from_elem((3, 1, 3), false);
    mask.slice_mut(ndarray::s![.., 0, 0]).fill(true);
    let volume = remove_small_objects(&mask.view(), 3, 1, SizeMode::Volume).unwrap();
    assert_eq!(volume, mask);
    let slices = remove_small_objects(&mask.view(), 3, 1, SizeMode::Slice).unwrap();
    assert!(slices.iter().all(|&inside| !inside));
}

#[test]
fn touching_labels_are_opened_apart() {
    let labels = arr2(&[
        [1, 1, 1, 2, 2, 2],
        [1, 1, 1, 2, 2, 2],
        [1, 1, 1, 2, 2, 2],
        [0, 0, 0, 0, 0, 5],
    ]);
    let opened = remove_isolated_pixels(&labels.view());
    assert_eq!(opened[[3, 5]], 0);
    assert_eq!(opened[[0, 0]], 1);
    assert_eq!(opened[[1, 3]], 2);
}

#[test]
fn empty_images_stay_empty() {
    let mask = Array2::from_elem((0, 3), false);
    assert_eq!(fill_holes(&mask.view(), 1).unwrap(), mask);
    assert_eq!(fill_small_holes(&mask.view(), 4, 1).unwrap(), mask);
    let labels = Array2::<u32>::zeros((0, 3));
    assert_eq!(fill_label_holes(&labels.view()).unwrap(), labels);
    assert_eq!(clear_border(&labels.view(), 2), labels);
    assert_eq!(remove_isolated_pixels(&labels.view()), labels);
}
