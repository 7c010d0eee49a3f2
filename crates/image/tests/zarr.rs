//! Zarr and OME-Zarr: what is written is read back, in any order of blocks and after an
//! interruption; faults are named; folders, zip files and web servers hold the same image.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "zarr/codecs.rs"]
mod codecs;
#[path = "zarr/faults.rs"]
mod faults;
#[path = "zarr/metadata.rs"]
mod metadata;
#[path = "zarr/others.rs"]
mod others;
#[path = "zarr/places.rs"]
mod places;
#[path = "zarr/round_trip.rs"]
mod round_trip;
#[path = "zarr/sink.rs"]
mod sink;

use std::path::Path;

use coverslip_image::format::{OpenOptions, WriteOptions, create, open_with};
use coverslip_image::image::PixelType;
use coverslip_image::sink::{Sink, Target};
use coverslip_image::source::Source;
use coverslip_image::{Image, Metadata, Pixels};
use ndarray::{Array, ArrayD, IxDyn};

/// Samples that differ from their neighbours.
fn pattern<T: PixelType>(shape: &[usize], sample: impl Fn(usize) -> T) -> ArrayD<T> {
    let count = shape.iter().product();
    Array::from_shape_vec(IxDyn(shape), (0..count).map(sample).collect()).unwrap()
}

fn target(axes: &str, pixels: &Pixels) -> Target {
    Target {
        axes: axes.parse().unwrap(),
        shape: pixels.shape().to_vec(),
        dtype: pixels.dtype(),
        metadata: Metadata::default(),
        is_labels: false,
    }
}

fn begin(path: &Path, target: &Target, options: &WriteOptions) -> Box<dyn Sink> {
    create(path, target.clone(), options).unwrap()
}

/// Writes an image in one block.
fn write(path: &Path, target: &Target, pixels: &Pixels, options: &WriteOptions) {
    let sink = begin(path, target, options);
    sink.write(&vec![0; pixels.shape().len()], pixels).unwrap();
    sink.finish().unwrap();
}

fn open_series(path: &Path, series: &str) -> Box<dyn Source> {
    let options = OpenOptions {
        series: Some(series.to_owned()),
        ..OpenOptions::default()
    };
    open_with(path, &options).unwrap()
}

fn assert_pixels(image: &Image, expected: &Pixels) {
    assert_eq!(image.shape(), expected.shape());
    assert!(image.pixels() == expected, "other pixels");
}
