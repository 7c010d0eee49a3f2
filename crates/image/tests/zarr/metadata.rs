//! What an image says about itself survives.

use coverslip_image::format::{Flavour, WriteOptions, open, read_image};
use coverslip_image::image::Channel;
use coverslip_image::{Metadata, PixelSize, Pixels};
use tempfile::TempDir;

use crate::{pattern, target, write};

fn metadata() -> Metadata {
    Metadata {
        name: Some("embryo".to_owned()),
        pixel_size: PixelSize {
            z: Some(1.5),
            y: Some(0.25),
            x: Some(0.3),
        },
        time_step: Some(90.0),
        numerical_aperture: Some(1.4),
        channels: vec![
            Channel {
                name: "DAPI \"α\"".to_owned(),
                color: Some([0, 128, 255]),
                window: Some([10.0, 4000.5]),
                excitation: Some(405.0),
                emission: Some(461.0),
            },
            Channel::named(""),
        ],
    }
}

#[test]
fn nothing_known_is_lost_and_nothing_is_made_up() {
    let pixels = Pixels::from(pattern(&[2, 2, 3, 4, 5], |i| i as u16));
    for flavour in [Flavour::OmeZarr04, Flavour::OmeZarr05] {
        let options = WriteOptions {
            flavour: Some(flavour),
            ..WriteOptions::default()
        };
        for metadata in [metadata(), Metadata::default()] {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("a.ome.zarr");
            let mut target = target("tczyx", &pixels);
            target.metadata = metadata.clone();
            write(&path, &target, &pixels, &options);
            let source = open(&path).unwrap();
            assert_eq!(source.info().metadata, metadata);
            assert_eq!(source.info().format, "OME-Zarr");
            assert!(source.info().warnings.is_empty());
            assert_eq!(read_image(&path).unwrap().metadata(), &metadata);
        }
    }
}

#[test]
fn a_level_has_the_pixel_size_of_its_own() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.ome.zarr");
    let pixels = Pixels::from(pattern(&[4, 300, 300], |i| i as u8));
    let mut target = target("zyx", &pixels);
    target.metadata.pixel_size = PixelSize {
        z: Some(1.0),
        y: Some(0.5),
        x: Some(0.5),
    };
    write(&path, &target, &pixels, &WriteOptions::default());
    let source = open(&path).unwrap();
    let level = source.level(1).unwrap();
    assert_eq!(level.info().shape, [4, 150, 150]);
    let size = PixelSize {
        z: Some(1.0),
        y: Some(1.0),
        x: Some(1.0),
    };
    assert_eq!(level.info().metadata.pixel_size, size);
    assert_eq!(level.info().levels, source.info().levels);
    assert_eq!(level.level(0).unwrap().info(), source.info());
    assert!(source.level(2).is_err());
}

#[test]
fn units_are_converted() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.zarr");
    let pixels = Pixels::from(pattern(&[2, 3, 4], |i| i as u8));
    let mut target = target("tyx", &pixels);
    target.metadata.time_step = Some(2.0);
    target.metadata.pixel_size = PixelSize {
        z: None,
        y: Some(4.0),
        x: Some(3.0),
    };
    write(&path, &target, &pixels, &WriteOptions::default());
    let file = path.join("zarr.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace("\"second\"", "\"minute\"")
        .replace("\"micrometer\"", "\"nanometer\"");
    std::fs::write(file, text).unwrap();
    let source = open(&path).unwrap();
    assert_eq!(source.info().metadata.time_step, Some(120.0));
    let size = source.info().metadata.pixel_size;
    assert!((size.y.unwrap() / 0.004 - 1.0).abs() < 1e-12 && size.z.is_none());
}
