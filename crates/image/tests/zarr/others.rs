//! Stores for other readers: `COVERSLIP_WRITE_ZARR=DIR` keeps them, each with its pixels in a file
//! of the same name, for `tools/check_formats/zarr.py check DIR`.

use std::fs;
use std::path::{Path, PathBuf};

use coverslip_image::format::{Compression, Flavour, WriteOptions, read_image};
use coverslip_image::image::Channel;
use coverslip_image::{PixelSize, Pixels};
use tempfile::TempDir;

use crate::{assert_pixels, pattern, target, write};

fn raw(pixels: &Pixels) -> Vec<u8> {
    match pixels {
        Pixels::U8(array) => array.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Pixels::U16(array) => array.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Pixels::F32(array) => array.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Pixels::I64(array) => array.iter().flat_map(|value| value.to_le_bytes()).collect(),
        other => panic!("samples of type {}", other.dtype()),
    }
}

fn keep(folder: &Path, name: &str, axes: &str, pixels: &Pixels, options: &WriteOptions) {
    let path = folder.join(format!("{name}.ome.zarr"));
    let mut image = target(axes, pixels);
    image.metadata.pixel_size = PixelSize {
        z: Some(0.9),
        y: Some(0.3),
        x: Some(0.3),
    };
    if axes.contains('c') {
        let channels = ["DAPI", "GFP"].map(Channel::named);
        image.metadata.channels = channels.to_vec();
        image.metadata.time_step = Some(2.5);
    }
    write(&path, &image, pixels, options);
    fs::write(folder.join(format!("{name}.raw")), raw(pixels)).unwrap();
    assert_pixels(&read_image(&path).unwrap(), pixels);
    if name.ends_with("zyx") {
        let shape = &pixels.shape()[pixels.shape().len() - 3..];
        let labels = Pixels::from(pattern(shape, |i| (i / 50) as u16));
        let mut of_labels = target("zyx", &labels);
        of_labels.is_labels = true;
        of_labels.metadata.pixel_size = image.metadata.pixel_size;
        write(
            &path.join("labels/cells"),
            &of_labels,
            &labels,
            &WriteOptions::default(),
        );
    }
}

#[test]
fn stores_for_other_readers_are_written() {
    let temporary = TempDir::new().unwrap();
    let folder = std::env::var_os("COVERSLIP_WRITE_ZARR")
        .map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    fs::create_dir_all(&folder).unwrap();
    let compressions = [
        Compression::None,
        Compression::Deflate,
        Compression::Zstd,
        Compression::Blosc,
    ];
    for (flavour, short) in [(Flavour::OmeZarr04, "v4"), (Flavour::OmeZarr05, "v5")] {
        for compression in compressions {
            let options = WriteOptions {
                flavour: Some(flavour),
                compression: Some(compression),
                ..WriteOptions::default()
            };
            let named = |axes: &str| format!("{short}_{compression:?}_{axes}");
            let plane = Pixels::from(pattern(&[700, 610], |i| (i * 7 / 10 % 251) as u8));
            keep(&folder, &named("yx"), "yx", &plane, &options);
            let stack = pattern(&[2, 2, 5, 300, 301], |i| (i / 3 % 65_521) as u16);
            keep(&folder, &named("tczyx"), "tczyx", &stack.into(), &options);
            let reals = pattern(&[9, 90, 270], |i| (i as f32).sin());
            keep(&folder, &named("real_zyx"), "zyx", &reals.into(), &options);
            let whole = pattern(&[3, 20, 30], |i| i as i64 - 900);
            keep(&folder, &named("long_tyx"), "tyx", &whole.into(), &options);
        }
    }
    let options = WriteOptions::default();
    let large = pattern(&[70, 700, 800], |i| (i / 7 % 65_521) as u16);
    keep(&folder, "shards_zyx", "zyx", &large.into(), &options);
}
