//! JPEG files: colours, orientation, parts, and damage of every byte.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use coverslip_image::format::{Limits, OpenOptions, open, open_with, read_image, write_image};
use coverslip_image::source::Region;
use coverslip_image::{Axis, ImageError, Pixels};
use tempfile::TempDir;

fn sample(name: &str) -> PathBuf {
    let cases = "../algorithms/tests/goldens/cases/png_jpeg_samples/files";
    Path::new(env!("CARGO_MANIFEST_DIR")).join(cases).join(name)
}

fn edited(folder: &TempDir, edit: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let mut content = fs::read(sample("rgb8.jpg")).unwrap();
    edit(&mut content);
    let path = folder.path().join("a.jpg");
    fs::write(&path, content).unwrap();
    path
}

fn is_of_the_file(error: &ImageError) -> bool {
    matches!(
        error,
        ImageError::Truncated { .. }
            | ImageError::Malformed { .. }
            | ImageError::Unsupported { .. }
            | ImageError::OverLimit { .. }
            | ImageError::UnknownFormat { .. }
            | ImageError::WrongContent { .. }
    )
}

#[test]
fn a_part_is_the_part_of_the_whole() {
    let source = open(sample("rgb8.jpg")).unwrap();
    assert_eq!(source.info().axes.to_string(), "cyx");
    assert!(source.info().warnings[0].starts_with("JPEG is lossy"));
    let Pixels::U8(whole) = source.read().unwrap().into_pixels() else {
        panic!("not uint8");
    };
    let region = Region::default()
        .with(Axis::C, 1..3)
        .with(Axis::Y, 2..19)
        .with(Axis::X, 5..6);
    for _ in 0..2 {
        let part = source.read_region(&region).unwrap();
        assert_eq!(part.channel_names(), ["green", "blue"]);
        let expected = whole.slice(ndarray::s![1..3, 2..19, 5..6]).to_owned();
        assert_eq!(part.pixels(), &Pixels::from(expected));
    }
}

#[test]
fn an_orientation_is_told_and_the_pixels_stay() {
    let folder = TempDir::new().unwrap();
    let exif =
        b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let path = edited(&folder, |content| {
        content.splice(2..2, exif.iter().copied());
    });
    let source = open(&path).unwrap();
    assert!(source.info().warnings[1].contains("EXIF orientation is 6"));
    let plain = read_image(sample("rgb8.jpg")).unwrap();
    assert_eq!(source.read().unwrap().pixels(), plain.pixels());
}

#[test]
fn inks_become_the_colours_that_pillow_finds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vendor/cmyk.jpg");
    let source = open(path).unwrap();
    assert!(source.info().warnings[1].contains("CMYK"));
    let Pixels::U8(found) = source.read().unwrap().into_pixels() else {
        panic!("not uint8");
    };
    for ([y, x], colour) in [
        ([0, 0], [215, 215, 215]),
        ([16, 20], [94, 80, 94]),
        ([8, 10], [154, 148, 154]),
    ] {
        for (c, value) in colour.into_iter().enumerate() {
            assert!(found[[c, y, x]].abs_diff(value) <= 2, "{y} {x} {c}");
        }
    }
}

#[test]
fn it_is_never_written() {
    let folder = TempDir::new().unwrap();
    let image = read_image(sample("gray8.jpg")).unwrap();
    let error = write_image(folder.path().join("b.jpg"), &image).unwrap_err();
    assert_eq!(error.hint().unwrap(), "write the image as .tif or .png");
}

#[test]
fn sizes_that_cannot_be_true_and_small_limits_are_refused_before_decoding() {
    let folder = TempDir::new().unwrap();
    let path = edited(&folder, |content| {
        let frame = content
            .windows(2)
            .position(|pair| pair == [0xff, 0xc0])
            .unwrap();
        content[frame + 5..frame + 9].fill(0xff);
    });
    assert!(matches!(
        open(&path),
        Err(ImageError::Malformed { problem, .. }) if problem.contains("65535 x 65535")
    ));
    let options = OpenOptions {
        limits: Limits { bytes: 1000 },
        ..OpenOptions::default()
    };
    let source = open_with(sample("rgb8.jpg"), &options).unwrap();
    assert!(matches!(source.read(), Err(ImageError::OverLimit { .. })));
}

#[test]
fn every_cut_is_an_error() {
    let folder = TempDir::new().unwrap();
    let length = fs::metadata(sample("rgb8.jpg")).unwrap().len() as usize;
    for end in 3..length - 1 {
        let path = edited(&folder, |content| content.truncate(end));
        let error = read_image(&path).unwrap_err();
        assert!(
            matches!(
                error,
                ImageError::Truncated { .. } | ImageError::Malformed { .. }
            ),
            "{end}: {error}"
        );
    }
}

#[test]
fn no_flipped_byte_panics() {
    let folder = TempDir::new().unwrap();
    let length = fs::metadata(sample("rgb8.jpg")).unwrap().len() as usize;
    for at in 0..length {
        for flip in [0xff, 0x01, 0x80] {
            let path = edited(&folder, |content| content[at] ^= flip);
            let result = catch_unwind(|| read_image(&path)).unwrap();
            if let Err(error) = result {
                assert!(is_of_the_file(&error), "{at} {flip}: {error}");
            }
        }
    }
}
