//! The exact texts of what a user can get wrong.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::path::Path;

use coverslip_image::format::{OpenOptions, open, open_with, read_image, write_image};
use coverslip_image::{Image, ImageError};
use insta::assert_snapshot;
use ndarray::Array2;
use tempfile::TempDir;
use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::Gray8;

/// The message and the hint, with the folder taken out of the path.
fn text(folder: &TempDir, error: &ImageError) -> String {
    let text = format!("{error}\nhint: {}", error.hint().unwrap());
    text.replace(&format!("{}/", folder.path().display()), "")
        .replace(&folder.path().display().to_string(), "FOLDER")
}

fn failure(folder: &TempDir, name: &str) -> String {
    text(folder, &read_image(folder.path().join(name)).unwrap_err())
}

fn write(folder: &TempDir, name: &str, content: &[u8]) {
    fs::write(folder.path().join(name), content).unwrap();
}

fn plane() -> Image {
    let values = Array2::from_shape_fn((40, 50), |(y, x)| (y * 181 + x * 337) as u16);
    Image::new(values, "yx".parse().unwrap()).unwrap()
}

fn truncate(path: &Path, bytes: usize) {
    let content = fs::read(path).unwrap();
    fs::write(path, &content[..bytes]).unwrap();
}

#[test]
fn nothing_there() {
    let folder = TempDir::new().unwrap();
    assert_snapshot!(failure(&folder, "a.tif"), @r"
    `a.tif` does not exist
    hint: check the spelling of the path
    ");
}

#[test]
fn a_folder() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("a.tif")).unwrap();
    assert_snapshot!(failure(&folder, "a.tif"), @r"
    `a.tif` is a folder, not an image file
    hint: give the path of a file inside the folder
    ");
}

#[test]
fn a_text_file_named_tif() {
    let folder = TempDir::new().unwrap();
    write(&folder, "a.tif", b"hello world");
    assert_snapshot!(failure(&folder, "a.tif"), @r#"
    `a.tif` is not a TIFF file: it starts with "hello w"
    hint: save the image as TIFF or PNG again; renaming a file does not convert it
    "#);
}

#[test]
fn an_empty_file() {
    let folder = TempDir::new().unwrap();
    write(&folder, "a.png", b"");
    assert_snapshot!(failure(&folder, "a.png"), @r"
    `a.png` is not a PNG file: it is empty
    hint: save the image as TIFF or PNG again; renaming a file does not convert it
    ");
}

#[test]
fn an_unknown_format() {
    let folder = TempDir::new().unwrap();
    write(&folder, "a.gif", b"GIF89a\x01\0");
    assert_snapshot!(failure(&folder, "a.gif"), @r"
    `a.gif` is of no known image format: it starts with the bytes 47 49 46 38 39 61 01; known are TIFF, PNG, JPEG, OME-Zarr, CZI, ND2
    hint: save the image as TIFF or PNG again; renaming a file does not convert it
    ");
}

#[test]
fn a_wrong_extension_does_not_matter() {
    let folder = TempDir::new().unwrap();
    write_image(folder.path().join("a.png"), &plane()).unwrap();
    fs::rename(folder.path().join("a.png"), folder.path().join("a.tif")).unwrap();
    let source = open(folder.path().join("a.tif")).unwrap();
    assert_eq!(source.info().format, "PNG");
    assert_eq!(source.read().unwrap().pixels(), plane().pixels());
}

#[test]
fn a_tiff_cut_in_its_pixels() {
    let folder = TempDir::new().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/malformed/targeted");
    fs::copy(data.join("cut_in_strip.tif"), folder.path().join("a.tif")).unwrap();
    assert_snapshot!(failure(&folder, "a.tif"), @r"
    `a.tif` is truncated: page 1 needs the bytes 208..8208, the file has 6208
    hint: copy or download the file again, it is not complete
    ");
}

#[test]
fn a_tiff_cut_in_its_directory() {
    let folder = TempDir::new().unwrap();
    write_image(folder.path().join("a.tif"), &plane()).unwrap();
    truncate(&folder.path().join("a.tif"), 400);
    assert_snapshot!(failure(&folder, "a.tif"), @r"
    `a.tif` is truncated: the directory of page 1 continues beyond its 400 bytes
    hint: copy or download the file again, it is not complete
    ");
}

#[test]
fn a_cut_png() {
    let folder = TempDir::new().unwrap();
    write_image(folder.path().join("a.png"), &plane()).unwrap();
    truncate(&folder.path().join("a.png"), 250);
    assert_snapshot!(failure(&folder, "a.png"), @r"
    `a.png` is truncated: the file ends after 250 bytes, before its last pixel
    hint: copy or download the file again, it is not complete
    ");
}

#[test]
fn pages_of_different_size() {
    let folder = TempDir::new().unwrap();
    let file = fs::File::create(folder.path().join("a.tif")).unwrap();
    let mut encoder = TiffEncoder::new(file).unwrap();
    encoder.write_image::<Gray8>(8, 8, &[7; 64]).unwrap();
    encoder.write_image::<Gray8>(8, 9, &[7; 72]).unwrap();
    drop(encoder);
    let source = open(folder.path().join("a.tif")).unwrap();
    assert_eq!(source.info().series, ["0", "1"]);
    assert_eq!(
        source.info().warnings,
        ["the file has 2 images, this is the first of them"]
    );
    let options = |series: &str| OpenOptions {
        series: Some(series.to_owned()),
        ..OpenOptions::default()
    };
    let second = open_with(folder.path().join("a.tif"), &options("1")).unwrap();
    assert_eq!(second.info().shape, [9, 8]);
    let Err(error) = open_with(folder.path().join("a.tif"), &options("cells")) else {
        panic!("there is no image of this name");
    };
    assert!(
        error
            .to_string()
            .ends_with("has the images 0, 1, there is no `cells`"),
        "{error}"
    );
}

#[test]
fn a_folder_to_write_to_that_is_not_there() {
    let folder = TempDir::new().unwrap();
    let error = write_image(folder.path().join("out/a.tif"), &plane()).unwrap_err();
    assert_snapshot!(text(&folder, &error), @r"
    cannot write `out/a.tif`: no such folder
    hint: create the folder `out` first, or check the spelling of the path
    ");
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.png");
    write_image(&path, &plane()).unwrap();
    let before = fs::read(&path).unwrap();
    let floats = Image::new(Array2::<f32>::zeros((2, 2)), "yx".parse().unwrap()).unwrap();
    let error = write_image(&path, &floats).unwrap_err();
    assert_snapshot!(text(&folder, &error), @r"
    `a.png` is not supported: PNG holds uint8 and uint16, the image is float32
    hint: write the image as .tif
    ");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
