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
    insta::assert_snapshot!(predict(&study, &["--input", "imagse"]), @"
    exit 2
    error: `imagse` does not exist

    hint: check the spelling of the path
    ");
    insta::assert_snapshot!(predict(&study, &["--input", "nothing"]), @"
    exit 2
    error: `nothing` holds no images

    hint: put images there; known extensions are tif, tiff, btf, tf2, tf8, png, jpg, jpeg, zarr, czi, nd2
    ");
    insta::assert_snapshot!(predict(&study, &["--input", "images", "nothing"]), @"
    exit 2
    error: `nothing` holds no images

    hint: put images there; known extensions are tif, tiff, btf, tf2, tf8, png, jpg, jpeg, zarr, czi, nd2
    ");
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
    insta::assert_snapshot!(predict(&study, &["--input", "masks/a.tif"]), @"
    exit 2
    error: `masks/a.tif` has 1 channel, but the model was trained on 3

    hint: give images with 3 channels, or train a model on images like this one
    ");
}

#[test]
fn a_model_of_one_channel_given_three() {
    let study = Study::trained();
    let colour = ArrayD::from_elem(IxDyn(&[3, 32, 32]), 1);
    study.image("colour.tif", "cyx", Pixels::U8(colour));
    insta::assert_snapshot!(predict(&study, &["--input", "colour.tif"]), @"
    exit 2
    error: `colour.tif` has 3 channels, but the model was trained on 1

    hint: give images with 1 channel (grey), or train a model on images like this one
    ");
}

#[test]
fn a_time_series_is_predicted_point_by_point() {
    let study = Study::trained();
    let film = ArrayD::from_elem(IxDyn(&[4, 32, 32]), 1);
    study.image("film.tif", "tyx", Pixels::U8(film));
    insta::assert_snapshot!(predict(&study, &["--input", "film.tif"]), @"
    exit 0
    warning: `film.tif`: all pixels have the same value: it carries no information
    warning: `film.tif`: all pixels have the same value: it carries no information
    warning: `film.tif`: all pixels have the same value: it carries no information
    warning: `film.tif`: all pixels have the same value: it carries no information
    ");
}

#[test]
fn two_inputs_of_one_name() {
    let study = Study::trained();
    insta::assert_snapshot!(predict(&study, &["--input", "images", "masks/b.tif"]), @"
    exit 2
    error: `images/b.tif` and `masks/b.tif` would both be predicted into `out/b.tif`

    hint: predict them in two calls with different `--output` folders
    ");
    assert!(!study.path("out").exists());
    // The same file twice is one input.
    insta::assert_snapshot!(predict(&study, &["--input", "images", "images/a.tif"]), @"exit 0");
    assert_eq!(study.list("out"), ["a.tif", "b.tif", "c.tif"]);
}

#[test]
fn a_prediction_that_would_replace_its_input() {
    let study = Study::trained();
    let before = study.contents("images");
    insta::assert_snapshot!(
        study.fault(&["predict", "--model", "run/model", "--input", "images", "--output", "images"]),
        @"
    exit 2
    error: the prediction would replace its input `images/a.tif`

    hint: choose another `--output` folder
    "
    );
    assert_eq!(study.contents("images"), before);
}

#[test]
fn tiles_too_small_to_crop() {
    let study = Study::trained();
    let crop = |input| {
        predict(
            &study,
            &["--blend", "crop", "--tile", "8", "--input", input],
        )
    };
    insta::assert_snapshot!(crop("images/a.tif"), @"
    exit 2
    error: a tile of 8 pixels leaves nothing: expected at least 22 along this axis

    hint: use tiles of at least 22 pixels, e.g. `--tile 22`, or blend `gaussian`
    ");
    insta::assert_snapshot!(crop("images"), @"
    exit 2
    error: a tile of 8 pixels leaves nothing: expected at least 22 along this axis

    hint: use tiles of at least 22 pixels, e.g. `--tile 22`, or blend `gaussian`
    ");
    // The size that the message asks for is enough.
    let arguments = ["--blend", "crop", "--tile", "22", "--input", "images"];
    insta::assert_snapshot!(predict(&study, &arguments), @"exit 0");
}

#[test]
fn cropped_tiles_with_instance_norm() {
    let study = Study::new();
    study.edit("run.yaml", "depth: 1", "depth: 1, norm: instance");
    assert_eq!(study.run(&["train", "run.yaml", "--quiet"]).code, 0);
    insta::assert_snapshot!(
        predict(&study, &["--blend", "crop", "--tile", "16", "--input", "images/a.tif"]),
        @"
    exit 2
    error: blend `crop` is not possible with this model: its instance normalisation sees the whole tile

    hint: use blend `gaussian`
    "
    );
}

#[test]
fn one_bad_image_does_not_keep_the_others_from_being_predicted() {
    let study = Study::trained();
    study.write("images/b.tif", "not an image");
    let arguments = [
        "predict",
        "--model",
        "run/model",
        "--input",
        "images",
        "--output",
        "out",
    ];
    insta::assert_snapshot!(study.transcript(&arguments), @r#"
    exit 2
    ----- stdout
    2 of 3 images predicted into out
    ----- stderr
    error: `images/b.tif` is not a TIFF file: it starts with "not an "

    hint: save the image as TIFF or PNG again; renaming a file does not convert it

    error: 1 of 3 images could not be predicted
    "#);
    assert_eq!(study.list("out"), ["a.tif", "c.tif"]);

    let with_json = [&arguments[..], &["--json"]].concat();
    // Times and memory are others each time.
    let text = study.transcript(&with_json);
    let (before, rest) = text.split_once("\"seconds\":").unwrap();
    let (measured, after) = rest.split_once(",\"error\":\"1 of").unwrap();
    assert!(measured.contains("network_s"), "{measured}");
    insta::assert_snapshot!(format!("{before}\"error\":\"1 of{after}"), @r#"
    exit 2
    ----- stdout
    {"images":2,"output":"out","written":["out/a.tif","out/c.tif"],"failed":[{"path":"images/b.tif","error":"`images/b.tif` is not a TIFF file: it starts with \"not an \"","hint":"save the image as TIFF or PNG again; renaming a file does not convert it"}],"error":"1 of 3 images could not be predicted","hint":null,"code":2}
    ----- stderr
    "#);
}

#[test]
fn an_image_smaller_than_the_network_needs_works() {
    let study = Study::trained();
    study.image("dot.tif", "yx", square([1, 3], 0, 1, 2));
    insta::assert_snapshot!(predict(&study, &["--input", "dot.tif"]), @"
    exit 0
    warning: `dot.tif`: all pixels have the same value: it carries no information
    ");
    assert_eq!(study.list("out"), ["dot.tif"]);
}
