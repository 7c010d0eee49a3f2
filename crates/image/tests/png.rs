//! PNG files in parts: any order of reading and writing gives the same pixels.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::Path;

use coverslip_image::format::{WriteOptions, create, open, read_image};
use coverslip_image::sink::Target;
use coverslip_image::source::Region;
use coverslip_image::{Axis, DType, ImageError, Metadata, Pixels};
use ndarray::{Array3, Slice};
use rayon::prelude::*;
use tempfile::TempDir;

fn colours(height: usize, width: usize) -> Array3<u16> {
    Array3::from_shape_fn((3, height, width), |(c, y, x)| {
        (c * 20011 + y * 181 + x * 337) as u16
    })
}

fn target(pixels: &Pixels) -> Target {
    Target {
        axes: "cyx".parse().unwrap(),
        shape: pixels.shape().to_vec(),
        dtype: pixels.dtype(),
        metadata: Metadata::default(),
        is_labels: false,
    }
}

fn part(array: &Array3<u16>, y: [usize; 2], x: [usize; 2]) -> Pixels {
    let part = array.slice_each_axis(|axis| match axis.axis.index() {
        0 => Slice::from(..),
        1 => Slice::from(y[0]..y[1]),
        _ => Slice::from(x[0]..x[1]),
    });
    part.to_owned().into()
}

/// Writes in tiles that come in the given order.
fn write(path: &Path, array: &Array3<u16>, order: impl Fn(&mut Vec<[usize; 2]>)) {
    let pixels = Pixels::from(array.clone());
    let sink = create(path, target(&pixels), &WriteOptions::default()).unwrap();
    let (height, width) = (array.dim().1, array.dim().2);
    let mut tiles: Vec<[usize; 2]> = (0..height.div_ceil(16))
        .flat_map(|y| (0..width.div_ceil(16)).map(move |x| [y * 16, x * 16]))
        .collect();
    order(&mut tiles);
    tiles.par_iter().for_each(|&[y, x]| {
        let [end, right] = [(y + 16).min(height), (x + 16).min(width)];
        let block = part(array, [y, end], [x, right]);
        sink.write(&[0, y, x], &block).unwrap();
    });
    assert!(!path.exists());
    sink.finish().unwrap();
}

#[test]
fn tiles_in_any_order_make_the_same_file() {
    let folder = TempDir::new().unwrap();
    let array = colours(70, 50);
    let [forward, backward] = ["a.png", "b.png"].map(|name| folder.path().join(name));
    write(&forward, &array, |_| ());
    write(&backward, &array, |tiles| tiles.reverse());
    assert_eq!(
        std::fs::read(&forward).unwrap(),
        std::fs::read(&backward).unwrap()
    );
    let image = read_image(&forward).unwrap();
    assert_eq!(image.pixels(), &Pixels::from(array));
}

#[test]
fn regions_are_right_forwards_backwards_and_in_parallel() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.png");
    let array = colours(90, 40);
    write(&path, &array, |_| ());
    let source = open(&path).unwrap();
    let check = |y: usize| {
        let region = Region::default()
            .with(Axis::Y, y..y + 7)
            .with(Axis::X, 3..31);
        let image = source.read_region(&region).unwrap();
        assert_eq!(image.pixels(), &part(&array, [y, y + 7], [3, 31]), "{y}");
    };
    (0..83).for_each(check);
    (0..83).rev().for_each(check);
    (0..83).into_par_iter().for_each(check);
    assert_eq!(source.read().unwrap().pixels(), &Pixels::from(array));
}

#[test]
fn a_region_of_an_interlaced_file_and_of_a_palette() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats/pngsuite");
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        let source = open(&path).unwrap();
        let whole = source.read().unwrap();
        let (height, width) = (whole.len_of(Axis::Y), whole.len_of(Axis::X));
        let region = Region::default()
            .with(Axis::Y, height / 2..height)
            .with(Axis::X, width / 3..width);
        let found = source.read_region(&region).unwrap();
        let rank = whole.shape().len();
        let cut = |axis: ndarray::AxisDescription| match rank - axis.axis.index() {
            2 => Slice::from(height / 2..),
            1 => Slice::from(width / 3..),
            _ => Slice::from(..),
        };
        match (whole.pixels(), found.pixels()) {
            (Pixels::U8(whole), Pixels::U8(found)) => {
                assert_eq!(whole.slice_each_axis(cut), found, "{}", path.display());
            }
            (Pixels::U16(whole), Pixels::U16(found)) => {
                assert_eq!(whole.slice_each_axis(cut), found, "{}", path.display());
            }
            _ => panic!("another type in {}", path.display()),
        }
    }
}

#[test]
fn a_block_that_does_not_fit_is_refused_and_missing_pixels_are_zeros() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.png");
    let pixels = Pixels::zeros(DType::UInt8, &[3, 4, 5]);
    let sink = create(&path, target(&pixels), &WriteOptions::default()).unwrap();
    for origin in [&[0, 1, 0][..], &[0, 0], &[usize::MAX, 0, 0]] {
        let error = sink.write(origin, &pixels).unwrap_err();
        assert!(matches!(error, ImageError::Misuse { .. }));
    }
    let wide = Pixels::zeros(DType::UInt16, &[3, 4, 5]);
    assert!(sink.write(&[0, 0, 0], &wide).is_err());
    sink.finish().unwrap();
    assert_eq!(read_image(&path).unwrap().pixels(), &pixels);
}
