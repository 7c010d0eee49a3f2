//! Files that are not the images that their names promise.

use crate::study::{Study, square};

/// What `train`, `predict` and `info` say of one bad image.
fn three_commands(study: &Study, name: &str) -> String {
    let path = format!("images/{name}");
    let predict = [
        "predict",
        "--model",
        "run/model",
        "--input",
        &path,
        "--output",
        "out",
    ];
    let commands: [&[&str]; 3] = [
        &["train", "run.yaml", "--out", "second"],
        &predict,
        &["info", &path],
    ];
    let said = commands.map(|command| format!("{}: {}", command[0], study.fault(command)));
    assert_eq!(study.list("out"), [""; 0]);
    assert!(!study.path("second").exists());
    said.join("\n")
}

#[test]
fn a_text_file_named_tif() {
    let study = Study::trained();
    study.write("images/b.tif", "x,y\n1,2\n");
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @r#"
    train: exit 2
    error: `DIR/images/b.tif` is not a TIFF file: it starts with "x,y\n1,2"

    hint: save the image as TIFF or PNG again; renaming a file does not convert it

    predict: exit 2
    error: `images/b.tif` is not a TIFF file: it starts with "x,y\n1,2"

    hint: save the image as TIFF or PNG again; renaming a file does not convert it

    info: exit 2
    error: `images/b.tif` is not a TIFF file: it starts with "x,y\n1,2"

    hint: save the image as TIFF or PNG again; renaming a file does not convert it
    "#);
}

#[test]
fn an_empty_file() {
    let study = Study::trained();
    study.write("images/b.tif", "");
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @"
    train: exit 2
    error: `DIR/images/b.tif` is not a TIFF file: it is empty

    hint: save the image as TIFF or PNG again; renaming a file does not convert it

    predict: exit 2
    error: `images/b.tif` is not a TIFF file: it is empty

    hint: save the image as TIFF or PNG again; renaming a file does not convert it

    info: exit 2
    error: `images/b.tif` is not a TIFF file: it is empty

    hint: save the image as TIFF or PNG again; renaming a file does not convert it
    ");
}

#[test]
fn a_png_named_tif_works() {
    let study = Study::trained();
    study.image("b.png", "yx", square([32, 32], 1, 40, 200));
    study.write("images/b.tif", study.read("b.png"));
    let predict = [
        "predict",
        "--model",
        "run/model",
        "--input",
        "images",
        "--output",
        "out",
    ];
    assert_eq!(study.run(&predict).code, 0);
    assert_eq!(study.list("out"), ["a.tif", "b.tif", "c.tif"]);
}

#[test]
fn a_truncated_tiff() {
    let study = Study::trained();
    let half = study.read("images/b.tif").len() / 2;
    study.truncate("images/b.tif", half);
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @"
    train: exit 2
    error: `DIR/images/b.tif` is truncated: the directory of page 1 continues beyond its 145 bytes

    hint: copy or download the file again, it is not complete

    predict: exit 2
    error: `images/b.tif` is truncated: the directory of page 1 continues beyond its 145 bytes

    hint: copy or download the file again, it is not complete

    info: exit 2
    error: `images/b.tif` is truncated: the directory of page 1 continues beyond its 145 bytes

    hint: copy or download the file again, it is not complete
    ");
}

#[test]
fn a_tiff_without_its_last_pixels() {
    let study = Study::trained();
    study.write("images/b.tif", tiff_with_pixels_last());
    assert_eq!(study.run(&["info", "images/b.tif"]).code, 0);
    study.truncate("images/b.tif", 1000);
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @"
    train: exit 2
    error: `DIR/images/b.tif` is truncated: page 1 needs the bytes 110..1134, the file has 1000

    hint: copy or download the file again, it is not complete

    predict: exit 2
    error: `images/b.tif` is truncated: page 1 needs the bytes 110..1134, the file has 1000

    hint: copy or download the file again, it is not complete

    info: exit 2
    error: `images/b.tif` is truncated: page 1 needs the bytes 110..1134, the file has 1000

    hint: copy or download the file again, it is not complete
    ");
}

/// 32 x 32 bytes after a directory, as many microscopes write it: a cut takes pixels alone.
fn tiff_with_pixels_last() -> Vec<u8> {
    let entries: [(u16, u16, u32); 8] = [
        (256, 4, 32),
        (257, 4, 32),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 110),
        (278, 4, 32),
        (279, 4, 1024),
    ];
    let mut bytes = b"II*\0\x08\0\0\0\x08\0".to_vec();
    for (tag, kind, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend((0..1024).map(|index| index as u8));
    bytes
}

#[test]
fn a_tiff_cut_within_its_header() {
    let study = Study::trained();
    study.truncate("images/b.tif", 6);
    insta::assert_snapshot!(three_commands(&study, "b.tif"), @"
    train: exit 2
    error: `DIR/images/b.tif` is truncated: the directory of page 1 continues beyond its 6 bytes

    hint: copy or download the file again, it is not complete

    predict: exit 2
    error: `images/b.tif` is truncated: the directory of page 1 continues beyond its 6 bytes

    hint: copy or download the file again, it is not complete

    info: exit 2
    error: `images/b.tif` is truncated: the directory of page 1 continues beyond its 6 bytes

    hint: copy or download the file again, it is not complete
    ");
}

#[test]
fn a_truncated_png() {
    let study = Study::trained();
    study.remove("images/b.tif");
    study.image("images/b.png", "yx", square([32, 32], 1, 40, 200));
    let half = study.read("images/b.png").len() / 2;
    study.truncate("images/b.png", half);
    insta::assert_snapshot!(three_commands(&study, "b.png"), @"
    train: exit 2
    error: `DIR/images/b.png` is truncated: the file ends after 59 bytes, before its last pixel

    hint: copy or download the file again, it is not complete

    predict: exit 2
    error: `images/b.png` is truncated: the file ends after 59 bytes, before its last pixel

    hint: copy or download the file again, it is not complete

    info: exit 2
    error: `images/b.png` is truncated: the file ends after 59 bytes, before its last pixel

    hint: copy or download the file again, it is not complete
    ");
}

#[test]
fn a_png_cut_within_its_header() {
    let study = Study::trained();
    study.remove("images/b.tif");
    study.image("images/b.png", "yx", square([32, 32], 1, 40, 200));
    study.truncate("images/b.png", 20);
    insta::assert_snapshot!(three_commands(&study, "b.png"), @"
    train: exit 2
    error: `DIR/images/b.png` is truncated: the file ends after 20 bytes, before its last pixel

    hint: copy or download the file again, it is not complete

    predict: exit 2
    error: `images/b.png` is truncated: the file ends after 20 bytes, before its last pixel

    hint: copy or download the file again, it is not complete

    info: exit 2
    error: `images/b.png` is truncated: the file ends after 20 bytes, before its last pixel

    hint: copy or download the file again, it is not complete
    ");
}

#[test]
fn a_png_without_its_last_pixels() {
    let study = Study::trained();
    study.remove("images/b.tif");
    study.image("images/b.png", "yx", square([32, 32], 1, 40, 200));
    let most = study.read("images/b.png").len() - 16;
    study.truncate("images/b.png", most);
    insta::assert_snapshot!(three_commands(&study, "b.png"), @"
    train: exit 2
    error: `DIR/images/b.png` is truncated: the file ends after 102 bytes, before its last pixel

    hint: copy or download the file again, it is not complete

    predict: exit 2
    error: `images/b.png` is truncated: the file ends after 102 bytes, before its last pixel

    hint: copy or download the file again, it is not complete

    info: exit 2
    error: `images/b.png` is truncated: the file ends after 102 bytes, before its last pixel

    hint: copy or download the file again, it is not complete
    ");
}
