//! What is written is read back: samples, axes, pixel sizes and channel names.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use coverslip_image::format::{Limits, OpenOptions, open, open_with, read_image, write_image};
use coverslip_image::image::PixelType;
use coverslip_image::source::Region;
use coverslip_image::{Axis, Channel, Image, ImageError, Metadata, PixelSize, Pixels};
use ndarray::{Array, ArrayD, IxDyn, s};
use proptest::prelude::*;
use tempfile::TempDir;

fn pattern<T: PixelType>(shape: &[usize], sample: impl Fn(usize) -> T) -> ArrayD<T> {
    let count = shape.iter().product();
    Array::from_shape_vec(IxDyn(shape), (0..count).map(sample).collect()).unwrap()
}

fn image(pixels: impl Into<Pixels>, axes: &str) -> Image {
    Image::new(pixels, axes.parse().unwrap()).unwrap()
}

fn round_trip(image: &Image, name: &str) -> Image {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    write_image(&path, image).unwrap();
    read_image(&path).unwrap()
}

fn assert_same(a: &Image, b: &Image) {
    assert_eq!(a.axes(), b.axes());
    assert_eq!(a.pixels(), b.pixels());
    assert_eq!(a.pixel_size(), b.pixel_size());
    assert_eq!(a.channel_names(), b.channel_names());
}

#[test]
fn every_sample_type_survives_in_tiff() {
    let shape = [2, 5, 7];
    let check = |pixels: Pixels| {
        let stack = image(pixels, "zyx");
        assert_same(&round_trip(&stack, "a.tif"), &stack);
    };
    check(pattern(&shape, |i| (i * 37) as u8).into());
    check(pattern(&shape, |i| (i * 37) as i8).into());
    check(pattern(&shape, |i| (i * 9973) as u16).into());
    check(pattern(&shape, |i| (i * 9973) as i16).into());
    check(pattern(&shape, |i| (i * 99_999_989) as u32).into());
    check(pattern(&shape, |i| (i * 99_999_989) as i32).into());
    check(pattern(&shape, |i| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).into());
    check(pattern(&shape, |i| (i as i64).wrapping_mul(0x1e37_79b9_7f4a_7c15)).into());
    check(pattern(&shape, |i| (i as f32).sin()).into());
    check(pattern(&shape, |i| (i as f64).cos()).into());
}

#[test]
fn axes_sizes_and_names_survive_in_tiff() {
    let size = PixelSize {
        z: Some(1.5),
        y: Some(0.25),
        x: Some(0.25),
    };
    let hyperstack = image(pattern(&[2, 3, 4, 5, 6], |i| i as u16), "tczyx")
        .with_pixel_size(size)
        .with_channel_names(vec!["DAPI".into(), "α-tubulin".into(), "a=b\n\"c\"".into()])
        .unwrap();
    assert_same(&round_trip(&hyperstack, "a.tif"), &hyperstack);
    let series = image(pattern(&[4, 5, 6], |i| i as f32), "tyx")
        .with_pixel_size(PixelSize { z: None, ..size });
    assert_same(&round_trip(&series, "a.tiff"), &series);
}

#[test]
fn axes_of_any_order_are_written_in_the_canonical_one() {
    let values = pattern(&[4, 3, 2], |i| i as u8);
    let back = round_trip(&image(values.clone(), "xzy"), "a.tif");
    assert_eq!(back.axes().to_string(), "zyx");
    assert_eq!(
        back.pixels(),
        &Pixels::from(values.permuted_axes(vec![1, 2, 0]))
    );
}

#[test]
fn colours_survive_in_both_formats() {
    let names = ["red", "green", "blue"].map(str::to_owned).to_vec();
    for pixels in [
        Pixels::from(pattern(&[3, 4, 5], |i| i as u8)),
        Pixels::from(pattern(&[3, 4, 5], |i| (i * 1000) as u16)),
    ] {
        let colours = image(pixels, "cyx")
            .with_channel_names(names.clone())
            .unwrap();
        assert_same(&round_trip(&colours, "a.png"), &colours);
        assert_same(&round_trip(&colours, "a.tif"), &colours);
    }
}

#[test]
fn all_metadata_survive_between_ome_tiff_and_ome_zarr() {
    let channel = |index: usize| Channel {
        color: Some([255, 40 * index as u8, 7]),
        window: Some([-1.5 * index as f64, 4095.25]),
        excitation: Some(405.0 + index as f64),
        emission: (index > 0).then_some(461.5),
        ..Channel::named(format!("stain <{index}> & \"more\""))
    };
    let full = Metadata {
        name: Some("a & b".to_owned()),
        pixel_size: PixelSize {
            z: Some(1.5),
            y: Some(0.25),
            x: Some(0.125),
        },
        time_step: Some(2.5),
        numerical_aperture: Some(1.4),
        channels: (0..3).map(channel).collect(),
    };
    let plain = Metadata {
        channels: vec![Channel::default(), Channel::named("b"), Channel::default()],
        ..Metadata::default()
    };
    let of = |pixels: Pixels, axes, metadata: &Metadata| {
        image(pixels, axes).with_metadata(metadata.clone()).unwrap()
    };
    let stack: Pixels = pattern(&[2, 3, 2, 4, 5], |i| i as u16).into();
    let colours: Pixels = pattern(&[3, 4, 5], |i| i as u8).into();
    let mut still = full.clone();
    (still.time_step, still.pixel_size.z) = (None, None);
    for start in [
        of(stack.clone(), "tczyx", &full),
        of(stack, "tczyx", &plain),
        of(colours, "cyx", &still),
    ] {
        for names in [
            ["a.ome.zarr", "b.ome.tif", "c.ome.zarr"],
            ["a.ome.tif", "b.ome.zarr", "c.ome.tif"],
        ] {
            let folder = TempDir::new().unwrap();
            let mut known = start.clone();
            for name in names {
                let path = folder.path().join(name);
                write_image(&path, &known).unwrap();
                known = read_image(&path).unwrap();
                assert_eq!(known.metadata(), start.metadata(), "{name}");
                assert_eq!(known.pixels(), start.pixels(), "{name}");
            }
        }
    }
}

#[test]
fn png_says_what_it_cannot_hold() {
    let folder = TempDir::new().unwrap();
    let refuse = |name: &str, image: &Image| {
        let error = write_image(folder.path().join(name), image).unwrap_err();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let text = error.to_string();
        text[text.find("is not supported").unwrap()..].to_owned()
    };
    assert_eq!(
        refuse("a.png", &image(pattern(&[2, 3, 4], |_| 0u8), "zyx")),
        "is not supported: PNG holds one plane, the image has 2 along z"
    );
    assert_eq!(
        refuse("a.png", &image(pattern(&[3, 4], |_| 0f32), "yx")),
        "is not supported: PNG holds uint8 and uint16, the image is float32"
    );
    assert_eq!(
        refuse("a.gif", &image(pattern(&[3, 4], |_| 0u8), "yx")),
        "is not supported: its extension names no image format"
    );
}

#[test]
fn a_region_is_the_same_part_of_the_whole() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tif");
    let values = pattern(&[2, 5, 300, 900], |i| (i % 65_521) as u16);
    write_image(&path, &image(values.clone(), "czyx")).unwrap();
    let source = open(&path).unwrap();
    let region = Region::default()
        .with(Axis::C, 1..2)
        .with(Axis::Z, 2..4)
        .with(Axis::Y, 7..299)
        .with(Axis::X, 800..811);
    let part = source.read_region(&region).unwrap();
    let expected = values.slice(s![1..2, 2..4, 7..299, 800..811]).to_owned();
    assert_eq!(part.pixels(), &Pixels::from(expected));
    let error = source
        .read_region(&Region::default().with(Axis::Z, 3..6))
        .unwrap_err();
    assert!(matches!(error, ImageError::Misuse { .. }), "{error}");
}

#[test]
fn a_limit_is_kept() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tif");
    write_image(&path, &image(pattern(&[4, 8, 8], |i| i as u16), "zyx")).unwrap();
    let options = OpenOptions {
        limits: Limits { bytes: 300 },
        ..OpenOptions::default()
    };
    let source = open_with(&path, &options).unwrap();
    let error = source.read().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("needs 512 bytes of memory, the limit is 300"),
        "{error}"
    );
    assert!(
        source
            .read_region(&Region::default().with(Axis::Z, 1..3))
            .is_ok()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_plane_survives(
        height in 1usize..40,
        width in 1usize..40,
        seed in any::<u32>(),
        y in 0.01f64..20.0,
    ) {
        let values = pattern(&[height, width], |i| {
            (i as u32 ^ seed).wrapping_mul(2_654_435_761) as u16
        });
        let plane = image(values, "yx")
            .with_pixel_size(PixelSize { z: None, y: Some(y), x: Some(1.0) });
        let back = round_trip(&plane, "a.tif");
        prop_assert_eq!(back.pixels(), plane.pixels());
        prop_assert!((back.pixel_size().y.unwrap() / y - 1.0).abs() < 1e-9);
        let back = round_trip(&plane, "a.png");
        prop_assert_eq!(back.pixels(), plane.pixels());
    }

    #[test]
    fn any_region_is_a_part_of_the_whole(
        y in 0usize..20, rows in 0usize..20, x in 0usize..30, columns in 0usize..30,
    ) {
        let folder = TempDir::new().unwrap();
        let values = pattern(&[40, 60], |i| i as u16);
        for name in ["a.tif", "a.png"] {
            let path = folder.path().join(name);
            write_image(&path, &image(values.clone(), "yx")).unwrap();
            let region = Region::default().with(Axis::Y, y..y + rows).with(Axis::X, x..x + columns);
            let part = open(&path).unwrap().read_region(&region).unwrap();
            let expected = values.slice(s![y..y + rows, x..x + columns]).to_owned();
            prop_assert_eq!(part.pixels(), &Pixels::from(expected));
        }
    }
}
