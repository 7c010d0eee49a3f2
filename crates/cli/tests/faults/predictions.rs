//! Images that a model cannot predict as asked.

use coverslip_image::Pixels;
use ndarray::{ArrayD, IxDyn};

use crate::study::{Study, square};

/// Predicts with the model of `run`.
fn predict(study: &Study, arguments: &[&str]) -> String {
    let mut all = vec!["predict", "--model", "run/model", "--output", "out"];
    all.extend(arguments);
    study.fault(&all)
}

#[test]
fn inputs_that_are_not_there() {
    let study = Study::trained();
    study.folder("nothing");
    insta::assert_snapshot!(predict(&study, &["--input", "imagse"]), @"");
    insta::assert_snapshot!(predict(&study, &["--input", "nothing"]), @"");
    insta::assert_snapshot!(predict(&study, &["--input", "images", "nothing"]), @"");
    assert!(!study.path("out").exists());
}

#[test]
fn a_model_of_three_channels_given_one() {
    let study = Study::new();
    for name in ["a", "b", "c"] {
        let colour = ArrayD::from_shape_fn(IxDyn(&[3, 32, 32]), |place| place[2] as u8);
        study.image(&format!("images/{name}.tif"), "cyx", Pixels::U8(colour));
    }
    assert_eq!(study.run(&["train", "run.yaml", "--quiet"]).code, 0);
    insta::assert_snapshot!(predict(&study, &["--input", "masks/a.tif"]), @"");
}

#[test]
fn a_model_of_one_channel_given_three() {
    let study = Study::trained();
    let colour = ArrayD::from_elem(IxDyn(&[3, 32, 32]), 1);
    study.image("colour.tif", "cyx", Pixels::U8(colour));
    insta::assert_snapshot!(predict(&study, &["--input", "colour.tif"]), @"");
}

#[test]
fn a_time_series() {
    let study = Study::trained();
    let film = ArrayD::from_elem(IxDyn(&[4, 32, 32]), 1);
    study.image("film.tif", "tyx", Pixels::U8(film));
    insta::assert_snapshot!(predict(&study, &["--input", "film.tif"]), @"");
}

#[test]
fn two_inputs_of_one_name() {
    let study = Study::trained();
    insta::assert_snapshot!(predict(&study, &["--input", "images", "masks/b.tif"]), @"");
    assert!(!study.path("out").exists());
    // The same file twice is one input.
    insta::assert_snapshot!(predict(&study, &["--input", "images", "images/a.tif"]), @"");
    assert_eq!(study.list("out"), ["a.tif", "b.tif", "c.tif"]);
}

#[test]
fn a_prediction_that_would_replace_its_input() {
    let study = Study::trained();
    let before = study.contents("images");
    insta::assert_snapshot!(
        study.fault(&["predict", "--model", "run/model", "--input", "images", "--output", "images"]),
        @""
    );
    assert_eq!(study.contents("images"), before);
}

#[test]
fn tiles_too_small_to_crop() {
    let study = Study::trained();
    let crop = |input| predict(&study, &["--blend", "crop", "--tile", "8", "--input", input]);
    insta::assert_snapshot!(crop("images/a.tif"), @"");
    insta::assert_snapshot!(crop("images"), @"");
    // The size that the message asks for is enough.
    let arguments = ["--blend", "crop", "--tile", "22", "--input", "images"];
    insta::assert_snapshot!(predict(&study, &arguments), @"");
}

#[test]
fn cropped_tiles_with_instance_norm() {
    let study = Study::new();
    study.edit("run.yaml", "depth: 1", "depth: 1, norm: instance");
    assert_eq!(study.run(&["train", "run.yaml", "--quiet"]).code, 0);
    insta::assert_snapshot!(
        predict(&study, &["--blend", "crop", "--tile", "16", "--input", "images/a.tif"]),
        @""
    );
}

#[test]
fn one_bad_image_does_not_keep_the_others_from_being_predicted() {
    let study = Study::trained();
    study.write("images/b.tif", "not an image");
    let arguments = ["predict", "--model", "run/model", "--input", "images", "--output", "out"];
    let outcome = study.run(&arguments);
    assert_eq!(outcome.code, 2);
    insta::assert_snapshot!(outcome.stdout, @"");
    insta::assert_snapshot!(outcome.stderr, @"");
    assert_eq!(study.list("out"), ["a.tif", "c.tif"]);

    let outcome = study.run(&[&arguments[..], &["--json"]].concat());
    assert_eq!(outcome.code, 2);
    insta::assert_snapshot!(outcome.stdout, @"");
    insta::assert_snapshot!(outcome.stderr, @"");
}

#[test]
fn an_image_smaller_than_the_network_needs_works() {
    let study = Study::trained();
    study.image("dot.tif", "yx", square([1, 3], 0, 1, 2));
    insta::assert_snapshot!(predict(&study, &["--input", "dot.tif"]), @"");
    assert_eq!(study.list("out"), ["dot.tif"]);
}
