//! Files that are not the images that their names promise.

use crate::study::{Study, square};

/// What `train`, `predict` and `info` say of one bad image.
fn three_commands(study: &Study, name: &str) -> String {
    let path = format!("images/{name}");
    let predict = ["predict", "--model", "run/model", "--input", &path, "--output", "out"];
    let commands: [&[&str]; 3] = [
        &["train", "run.yaml", "--out", "second"],
        &predict,
        &["info", &path],
    ];
    let said = commands.map(|command| format!("{}: {}", command[0], study.fault(command)));
    assert_eq!(study.list("out"), [""; 0]);
    said.join("\n")
}

#[test]
fn a_text_file_named_tif() {
    let study = Study::trained();
    study.write("images/b.tif", "x,y\n1,2\n");
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @"");
}

#[test]
fn an_empty_file() {
    let study = Study::trained();
    study.write("images/b.tif", "");
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @"");
}

#[test]
fn a_png_named_tif() {
    let study = Study::trained();
    study.image("b.png", "yx", square([32, 32], 1, 40, 200));
    study.write("images/b.tif", study.read("b.png"));
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @"");
}

#[test]
fn a_truncated_tiff() {
    let study = Study::trained();
    let half = study.read("images/b.tif").len() / 2;
    study.truncate("images/b.tif", half);
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @"");
}

#[test]
fn a_tiff_cut_within_its_header() {
    let study = Study::trained();
    study.truncate("images/b.tif", 6);
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @"");
}

#[test]
fn a_truncated_png() {
    let study = Study::trained();
    study.remove("images/b.tif");
    study.image("images/b.png", "yx", square([32, 32], 1, 40, 200));
    let half = study.read("images/b.png").len() / 2;
    study.truncate("images/b.png", half);
    insta::assert_snapshot!(three_commands(&study, "b.png"), @"");
}

#[test]
fn a_png_cut_within_its_header() {
    let study = Study::trained();
    study.remove("images/b.tif");
    study.image("images/b.png", "yx", square([32, 32], 1, 40, 200));
    study.truncate("images/b.png", 20);
    insta::assert_snapshot!(three_commands(&study, "b.png"), @"");
}

#[test]
fn a_png_without_its_last_pixels() {
    let study = Study::trained();
    study.remove("images/b.tif");
    study.image("images/b.png", "yx", square([32, 32], 1, 40, 200));
    let most = study.read("images/b.png").len() - 16;
    study.truncate("images/b.png", most);
    // The header is whole: only who reads the pixels can tell.
    insta::assert_snapshot!(three_commands(&study, "b.png"), @"");
}
