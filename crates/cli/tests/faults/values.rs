//! Pixels that cannot be learnt from, or that look as if they could not.

use coverslip_image::Pixels;
use ndarray::{ArrayD, IxDyn};

use crate::study::{Study, square};

const TRAIN: [&str; 2] = ["train", "run.yaml"];

fn predict(study: &Study, input: &str) -> String {
    study.fault(&[
        "predict",
        "--model",
        "run/model",
        "--input",
        input,
        "--output",
        "out",
    ])
}

#[test]
fn labels_with_more_classes_than_the_config_says() {
    let study = Study::new();
    study.image("masks/b.tif", "yx", square([32, 32], 1, 0, 5));
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/masks/b.tif` has the label 5, but with 2 classes the labels go from 0 to 1

    hint: set `data.classes` to 6; or, if the labels number the objects, `data.target_kind` to instance; or, if pixels of this label do not count, `data.ignore_label` to 5
    ");
}

#[test]
fn labels_that_are_no_whole_numbers() {
    let study = Study::new();
    let mask = ArrayD::from_elem(IxDyn(&[32, 32]), 0.5);
    study.image("masks/b.tif", "yx", Pixels::F32(mask));
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/masks/b.tif` has the value 0.5 at z 0, y 0, x 0, which is not a label

    hint: labels are whole numbers from 0 (background) to 4294967295; check that this file is the mask and not the image
    ");
}

#[test]
fn colour_masks() {
    let study = Study::new();
    let mask = ArrayD::from_elem(IxDyn(&[3, 32, 32]), 1);
    study.image("masks/b.tif", "cyx", Pixels::U8(mask));
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/masks/b.tif` has 3 channels; labels need exactly one

    hint: save the labels as a single-channel (grey) image of whole numbers
    ");
}

#[test]
fn nan_in_a_float_image() {
    let study = Study::trained();
    let mut picture = ArrayD::from_elem(IxDyn(&[32, 32]), 0.5);
    picture[[3, 5]] = f32::NAN;
    study.image("images/b.tif", "yx", Pixels::F32(picture.clone()));
    let train = ["train", "run.yaml", "--out", "second"];
    insta::assert_snapshot!(study.fault(&train), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/images/b.tif` has 1 value that is NaN or infinite, the first (NaN) at y 3, x 5

    hint: replace these values, for instance by 0, and save the image again
    ");
    insta::assert_snapshot!(predict(&study, "images/b.tif"), @"
    exit 2
    error: `images/b.tif` has 1 value that is not finite (NaN or infinite), the first at c 0, z 0, y 3, x 5

    hint: replace these values, for instance by 0, and save the image again
    ");
    picture[[7, 0]] = f32::INFINITY;
    study.image("images/b.tif", "yx", Pixels::F32(picture));
    insta::assert_snapshot!(study.fault(&train), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/images/b.tif` has 2 values that are NaN or infinite, the first (NaN) at y 3, x 5

    hint: replace these values, for instance by 0, and save the image again
    ");
    insta::assert_snapshot!(predict(&study, "images/b.tif"), @"
    exit 2
    error: `images/b.tif` has 2 values that are not finite (NaN or infinite), the first at c 0, z 0, y 3, x 5

    hint: replace these values, for instance by 0, and save the image again
    ");
    assert_eq!(study.list("out"), [""; 0]);
}

#[test]
fn an_image_of_one_value_warns_and_works() {
    let study = Study::new();
    let flat = ArrayD::from_elem(IxDyn(&[32, 32]), 7);
    study.image("images/b.tif", "yx", Pixels::U8(flat));
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 0
    images: 2 to train on, 1 to validate on
    warning: `DIR/images/b.tif`: all pixels have the same value: it carries no information
    epoch 1/2
    epoch 2/2
    ");
    insta::assert_snapshot!(predict(&study, "images/b.tif"), @"
    exit 0
    warning: `images/b.tif`: all pixels have the same value: it carries no information
    ");
    assert_eq!(study.list("out"), ["b.tif"]);
}

#[test]
fn masks_without_any_object_work() {
    let study = Study::new();
    for name in ["a", "b", "c"] {
        let nothing = ArrayD::from_elem(IxDyn(&[32, 32]), 0);
        study.image(&format!("masks/{name}.tif"), "yx", Pixels::U8(nothing));
    }
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 0
    images: 2 to train on, 1 to validate on
    epoch 1/2
    epoch 2/2
    ");
}

#[test]
fn a_patch_larger_than_an_image_warns_and_works() {
    let study = Study::new();
    let picture = ArrayD::from_shape_fn(IxDyn(&[3, 5]), |place| (place[0] + place[1]) as u8);
    study.image("images/b.tif", "yx", Pixels::U8(picture));
    study.image("masks/b.tif", "yx", square([3, 5], 0, 0, 1));
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 0
    images: 2 to train on, 1 to validate on
    warning: `b` (3 x 5 pixels) is smaller than a patch (16 x 16): it is mirrored at its edges
    epoch 1/2
    epoch 2/2
    ");
    insta::assert_snapshot!(predict(&study, "images/b.tif"), @"exit 0");
    assert_eq!(study.list("out"), ["b.tif"]);
}

#[test]
fn an_image_of_one_pixel_works() {
    let study = Study::new();
    study.image("images/b.tif", "yx", square([1, 1], 0, 40, 200));
    study.image("masks/b.tif", "yx", square([1, 1], 0, 0, 1));
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 0
    images: 2 to train on, 1 to validate on
    warning: `DIR/images/b.tif`: all pixels have the same value: it carries no information
    warning: `b` (1 x 1 pixels) is smaller than a patch (16 x 16): it is mirrored at its edges
    epoch 1/2
    epoch 2/2
    ");
    insta::assert_snapshot!(predict(&study, "images/b.tif"), @"
    exit 0
    warning: `images/b.tif`: all pixels have the same value: it carries no information
    ");
}
