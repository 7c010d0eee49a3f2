//! Files of microscope vendors: their pixels and metadata as other readers find them, damage, and
//! what is said of formats that are not read.
//!
//! The real files are too large for the repository; `COVERSLIP_VENDOR_SAMPLES` names a folder with
//! `xyz__multiple_images.czi` (NEUBIAS training resources, CC BY 4.0) and `cluster.nd2` (pims,
//! BSD-3). Expected values come from the Python packages czifile and nd2.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fmt::Write;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use coverslip_image::format::{OpenOptions, open, open_with, read_image};
use coverslip_image::source::Region;
use coverslip_image::{Axis, ImageError, Pixels};
use ndarray::{Array2, Array3};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

fn sample(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("COVERSLIP_VENDOR_SAMPLES")?;
    Some(Path::new(&folder).join(name))
}

fn hash(pixels: &Pixels) -> String {
    let Pixels::U16(array) = pixels else {
        panic!("not uint16");
    };
    let bytes: Vec<u8> = array.iter().flat_map(|value| value.to_le_bytes()).collect();
    Sha256::digest(&bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
}

fn image(path: &Path, series: &str) -> coverslip_image::Image {
    let options = OpenOptions {
        series: Some(series.to_owned()),
        ..OpenOptions::default()
    };
    open_with(path, &options).unwrap().read().unwrap()
}

#[test]
fn a_czi_has_the_pixels_and_sizes_that_czifile_finds() {
    let Some(path) = sample("xyz__multiple_images.czi") else {
        return;
    };
    let source = open(&path).unwrap();
    let info = source.info();
    assert_eq!(
        (info.axes.to_string().as_str(), &info.shape[..]),
        ("zyx", &[2, 251, 251][..])
    );
    assert_eq!(info.series, ["S0", "S1"]);
    let size = info.metadata.pixel_size;
    assert!((size.x.unwrap() - 0.195644376).abs() < 1e-8);
    assert!((size.z.unwrap() - 0.3).abs() < 1e-12);
    assert_eq!(info.metadata.channels[0].name, "ChA");
    assert_eq!(info.metadata.channels[0].excitation, Some(561.0));
    assert_eq!(info.metadata.channels[0].color, Some([255, 255, 255]));
    let first = "645455e8014fd8c59986ddaee036cf13f23121f7d5e77eed1a368a356bb0a49d";
    let second = "bd1e2ca07e6b6258b6b161cd278f34af9415d2d757e6e7aabc688492ed7ed050";
    assert_eq!(hash(source.read().unwrap().pixels()), first);
    for series in ["S1", "1"] {
        assert_eq!(hash(image(&path, series).pixels()), second);
    }
    check_region(&path);
}

#[test]
fn an_nd2_has_the_pixels_and_sizes_that_nd2_finds() {
    let Some(path) = sample("cluster.nd2") else {
        return;
    };
    let source = open(&path).unwrap();
    let info = source.info();
    assert_eq!(info.axes.to_string(), "tczyx");
    assert_eq!(info.shape, [3, 2, 10, 31, 38]);
    let size = info.metadata.pixel_size;
    assert_eq!((size.x, size.z), (Some(0.16780898323268245), Some(0.5)));
    let channels = &info.metadata.channels;
    assert_eq!(channels[0].name, "5-FAM/pH 9.0");
    assert_eq!(channels[0].color, Some([120, 233, 15]));
    assert_eq!(channels[1].emission, Some(700.0));
    let Pixels::U16(array) = source.read().unwrap().into_pixels() else {
        panic!("not uint16");
    };
    // nd2 gives the order T Z C Y X.
    let array = array.permuted_axes(vec![0, 2, 1, 3, 4]);
    let expected = "d9c5bf520e503b17fddca9bdca5bcb789a77e38e145a4f5e52e28d0144a91d21";
    assert_eq!(hash(&array.into()), expected);
    check_region(&path);
}

/// Every region is a part of the whole image.
fn check_region(path: &Path) {
    let source = open(path).unwrap();
    let Pixels::U16(whole) = source.read().unwrap().into_pixels() else {
        panic!("not uint16");
    };
    let region = Region::default()
        .with(Axis::Z, 1..2)
        .with(Axis::Y, 3..23)
        .with(Axis::X, 20..29);
    let found = source.read_region(&region).unwrap();
    let axes = source.info().axes.clone();
    let part = whole.slice_each_axis(|axis| match axes.iter().nth(axis.axis.index()).unwrap() {
        Axis::Z => (1..2).into(),
        Axis::Y => (3..23).into(),
        Axis::X => (20..29).into(),
        _ => (..).into(),
    });
    assert_eq!(found.pixels(), &Pixels::from(part.to_owned()));
}

/// Small files that libCZI and a script wrote; see `data/README.md`.
fn small(name: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vendor");
    data.join(name)
}

fn ramp(k: usize, y: usize, x: usize) -> u16 {
    (y * 181 + x * 337 + k * 5000) as u16
}

#[test]
fn packed_czi_planes_are_where_they_belong() {
    for name in ["zstd0_tcz.czi", "zstd1_tcz.czi"] {
        let source = open(small(name)).unwrap();
        let info = source.info();
        assert_eq!(info.axes.to_string(), "tczyx");
        assert_eq!(info.compression, "zstd");
        assert_eq!(info.metadata.channel_names(), ["DAPI", "GFP"]);
        assert!((info.metadata.pixel_size.y.unwrap() - 0.3).abs() < 1e-9);
        let expected = ndarray::Array5::from_shape_fn((2, 2, 2, 24, 30), |(t, c, z, y, x)| {
            ramp(c * 4 + z * 2 + t, y, x)
        });
        assert_eq!(source.read().unwrap().pixels(), &expected.into(), "{name}");
        check_region(&small(name));
    }
}

#[test]
fn a_czi_mosaic_is_put_together() {
    let expected = Array2::from_shape_fn((38, 55), |(y, x)| match (y, x) {
        (14.., 25..) => ramp(3, y - 14, x - 25),
        (..24, ..30) => ramp(0, y, x),
        _ => 0,
    });
    let image = read_image(small("mosaic.czi")).unwrap();
    assert_eq!(image.pixels(), &expected.into());
}

#[test]
fn czi_colours_are_red_green_and_blue() {
    let expected = Array3::from_shape_fn((3, 24, 30), |(c, y, x)| match c {
        0 => (y + x) as u8,
        1 => (x * 8) as u8,
        _ => (y * 9) as u8,
    });
    for name in ["bgr.czi", "bgr_zstd.czi"] {
        let image = read_image(small(name)).unwrap();
        assert_eq!(image.channel_names(), ["red", "green", "blue"]);
        assert_eq!(image.pixels(), &expected.clone().into(), "{name}");
    }
}

#[test]
fn nd2_positions_are_images_and_frames_are_unpacked() {
    let path = small("positions_deflate.nd2");
    let info = open(&path).unwrap().info().clone();
    assert_eq!(info.series, ["0", "1"]);
    assert_eq!(info.metadata.channel_names(), ["DAPI", "GFP"]);
    assert_eq!(info.metadata.channels[0].color, Some([0, 0, 255]));
    assert_eq!(info.metadata.time_step, Some(1.5));
    assert_eq!(info.metadata.numerical_aperture, Some(1.4));
    assert_eq!(info.metadata.pixel_size.x, Some(0.25));
    for (p, series) in ["0", "1"].into_iter().enumerate() {
        let expected = ndarray::Array5::from_shape_fn((2, 2, 3, 5, 7), |(t, c, z, y, x)| {
            (t * 10000 + p * 5000 + z * 1000 + c * 500 + y * 20 + x) as u16
        });
        assert_eq!(image(&path, series).pixels(), &expected.into());
    }
    let expected = Array3::from_shape_fn((3, 5, 7), |(c, y, x)| (c * 80 + y * 9 + x) as u8);
    let image = read_image(small("colours.nd2")).unwrap();
    assert_eq!(image.pixels(), &expected.into());
    assert_eq!(image.channel_names(), ["red", "green", "blue"]);
}

#[test]
fn damage_gives_errors_and_no_panics() {
    let folder = TempDir::new().unwrap();
    for entry in fs::read_dir(small("")).unwrap() {
        let content = fs::read(entry.as_ref().unwrap().path()).unwrap();
        let path = folder.path().join(entry.unwrap().file_name());
        let check = |content: &[u8]| {
            fs::write(&path, content).unwrap();
            if let Err(error) = catch_unwind(|| read_image(&path)).unwrap() {
                let is_fault = matches!(error, ImageError::Io { .. } | ImageError::Misuse { .. });
                assert!(!is_fault, "{error}");
            }
        };
        for step in 0..64 {
            check(&content[..content.len() * step / 64]);
        }
        // Files are mostly zeros between their parts.
        let filled = (0..content.len()).filter(|&at| content[at] != 0);
        for at in filled.step_by(17) {
            let mut damaged = content.clone();
            damaged[at] ^= 0xff;
            check(&damaged);
        }
    }
}

#[test]
fn formats_that_are_not_read_are_named_with_a_way_out() {
    let folder = TempDir::new().unwrap();
    let at = |place: usize, mark: &[u8]| [&vec![0; place][..], mark].concat();
    for (name, content, says) in [
        (
            "a.lif",
            b"\x70\0\0\0\x10\0\0\0\x2a\x05\0\0\0".to_vec(),
            "Leica LIF",
        ),
        ("a.ims", b"\x89HDF\r\n\x1a\n\0".to_vec(), "HDF5"),
        ("a.dcm", at(128, b"DICM"), "DICOM"),
        ("a.nii", at(344, b"n+1\0"), "NIfTI"),
        ("a.mrc", at(208, b"MAP DD"), "MRC"),
        ("a.spe", at(2996, b"\x67\x45\x23\x01"), "SPE"),
        ("a.oib", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "OLE"),
        ("a.nd2", b"\0\0\0\x0cjP  \r\n".to_vec(), "JPEG 2000"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let error = read_image(&path).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().unwrap().contains("Fiji"), "{error}");
    }
}
