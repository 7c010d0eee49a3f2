//! Damaged and hostile stores: typed errors that name the file inside the store.

use std::fs;
use std::path::Path;

use Flavour::{OmeZarr04 as V4, OmeZarr05 as V5};
use coverslip_image::format::{
    Compression, Flavour, Limits, OpenOptions, WriteOptions, open, open_with, read_image,
};
use coverslip_image::source::Region;
use coverslip_image::{Axis, ImageError, Pixels};
use tempfile::TempDir;

use crate::{pattern, target, write};

/// An image in one chunk a plane and two levels.
fn store(path: &Path, flavour: Flavour, compression: Option<Compression>) {
    let pixels = Pixels::from(pattern(&[2, 300, 20], |i| i as u16));
    let mut target = target("zyx", &pixels);
    target.metadata.pixel_size.x = Some(0.5);
    let options = WriteOptions {
        flavour: Some(flavour),
        compression,
        tile: Some(300),
        ..WriteOptions::default()
    };
    write(path, &target, &pixels, &options);
}

/// Reads a store after one replacement in one of its files.
fn with_edit(flavour: Flavour, file: &str, from: &str, to: &str) -> Result<(), ImageError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.ome.zarr");
    store(&path, flavour, None);
    let file = path.join(file);
    let text: String = fs::read_to_string(&file)
        .unwrap()
        .split_whitespace()
        .collect();
    assert!(text.contains(from), "{text}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
    let Err(error) = read_image(&path) else {
        return Ok(());
    };
    assert_eq!(error.path(), Some(path.as_path()));
    assert!(error.hint().is_some());
    Err(error)
}

/// A file, what is replaced in it by what, and what the message then says.
const FAULTS: &[(Flavour, &str, &str, &str, &str)] = &[
    (
        V5,
        "zarr.json",
        "\"multiscales\"",
        "\"multi\"",
        "`zarr.json` has no `multiscales`",
    ),
    (
        V4,
        ".zattrs",
        "\"multiscales\"",
        "\"multi\"",
        "`.zattrs` has no `multiscales`",
    ),
    (
        V5,
        "zarr.json",
        "{\"name\":\"z\",\"type\":\"space\"},",
        "",
        "has a scale of 3 numbers for 2 axes",
    ),
    (
        V4,
        ".zattrs",
        "{\"name\":\"z\",\"type\":\"space\"},",
        "",
        "has a scale of 3 numbers for 2 axes",
    ),
    (
        V5,
        "zarr.json",
        "\"scale\":[1.0,",
        "\"scale\":[",
        "has a scale of 2 numbers for 3 axes",
    ),
    (
        V5,
        "zarr.json",
        "\"scale\":[1.0,",
        "\"scale\":[\"a\",",
        "that is no list of numbers",
    ),
    (
        V5,
        "zarr.json",
        "\"version\":\"0.5\"",
        "\"version\":\"0.6\"",
        "is of OME-Zarr 0.6",
    ),
    (
        V5,
        "zarr.json",
        "\"path\":\"1\"",
        "\"path\":\"7\"",
        "names the array `7`, which is not there",
    ),
    (
        V5,
        "zarr.json",
        "\"path\":\"1\"",
        "\"path\":\"../1\"",
        "leaves the store",
    ),
    (
        V5,
        "zarr.json",
        "\"path\":\"1\",",
        "",
        "has a dataset without `path`",
    ),
    (V5, "zarr.json", "{", "", "`zarr.json` is no valid JSON"),
    (V4, ".zattrs", "}", "", "`.zattrs` is no valid JSON"),
    (
        V5,
        "zarr.json",
        "\"name\":\"z\"",
        "\"name\":\"q\"",
        "has the axis `q`",
    ),
    (
        V5,
        "zarr.json",
        "\"name\":\"z\"",
        "\"name\":\"y\"",
        "has an axis twice",
    ),
    (
        V5,
        "0/zarr.json",
        "\"data_type\":\"uint16\"",
        "\"data_type\":\"complex64\"",
        "`0/zarr.json` has samples of type \"complex64\"",
    ),
    (
        V4,
        "0/.zarray",
        "\"dtype\":\"<u2\"",
        "\"dtype\":\"<c8\"",
        "`0/.zarray` has samples of type \"<c8\"",
    ),
    (
        V5,
        "0/zarr.json",
        "\"name\":\"zstd\"",
        "\"name\":\"other\"",
        "is packed by",
    ),
    (
        V4,
        "0/.zarray",
        "\"id\":\"blosc\"",
        "\"id\":\"other\"",
        "is packed by",
    ),
    (
        V5,
        "0/zarr.json",
        "\"chunk_shape\":[2,",
        "\"chunk_shape\":[",
        "has chunks of [300, 20] for an array of [2, 300, 20]",
    ),
    (
        V5,
        "0/zarr.json",
        "\"chunk_shape\":[2,",
        "\"chunk_shape\":[0,",
        "has chunks of [0, 300, 20]",
    ),
    (
        V5,
        "0/zarr.json",
        "\"chunk_shape\":[2,",
        "\"chunk_shape\":[-2,",
        "has no valid `chunk_shape`",
    ),
    (
        V5,
        "0/zarr.json",
        "\"chunk_shape\":[2,",
        "\"chunk_shape\":[4000000000000,",
        "more than 1 GiB each",
    ),
    (
        V4,
        "0/.zarray",
        "\"chunks\":[2,",
        "\"chunks\":[9000000000000000000,",
        "more than 1 GiB each",
    ),
    (
        V4,
        "0/.zarray",
        "\"chunks\":[2,",
        "\"chunks\":[200,",
        "holds 24000 bytes of samples, a chunk of [200, 300, 20] has 2400000",
    ),
    (
        V5,
        "0/zarr.json",
        "\"chunk_shape\":[2,",
        "\"chunk_shape\":[20000,",
        "holds 24000 bytes of samples",
    ),
    (
        V5,
        "0/zarr.json",
        "\"shape\":[2,",
        "\"shape\":[0,",
        "describes an array without pixels",
    ),
    (
        V5,
        "0/zarr.json",
        "\"fill_value\":0",
        "\"fill_value\":\"zero\"",
        "has no valid `fill_value`",
    ),
    (
        V5,
        "0/zarr.json",
        "\"name\":\"regular\"",
        "\"name\":\"rectilinear\"",
        "has a chunk grid of the kind",
    ),
    (
        V5,
        "0/zarr.json",
        "\"shape\":[2,",
        "\"shape\":[18000000000000000000,",
        "bytes of memory, the limit is",
    ),
    (
        V5,
        "0/zarr.json",
        "\"shape\":[2,300,20]",
        "\"shape\":[300,20]",
        "has chunks of [2, 300, 20] for an array of [300, 20]",
    ),
];

#[test]
fn faults_in_metadata_are_named() {
    for (flavour, file, from, to, expected) in FAULTS {
        let error = with_edit(*flavour, file, from, to).unwrap_err().to_string();
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
}

#[test]
fn a_missing_chunk_has_the_fill_value() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.ome.zarr");
    store(&path, Flavour::OmeZarr05, None);
    let file = path.join("0/zarr.json");
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("\"fill_value\": 0", "\"fill_value\": 7");
    fs::write(file, text).unwrap();
    fs::remove_dir_all(path.join("0/c")).unwrap();
    let image = read_image(&path).unwrap();
    assert_eq!(
        image.pixels(),
        &Pixels::from(pattern(&[2, 300, 20], |_| 7u16))
    );
}

#[test]
fn damaged_chunks_are_named_whatever_packs_them() {
    for compression in [
        Compression::None,
        Compression::Deflate,
        Compression::Zstd,
        Compression::Blosc,
    ] {
        for flavour in [Flavour::OmeZarr04, Flavour::OmeZarr05] {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("a.ome.zarr");
            store(&path, flavour, Some(compression));
            let key = if flavour == Flavour::OmeZarr04 {
                "0/0/0/0"
            } else {
                "0/c/0/0/0"
            };
            let whole = fs::read(path.join(key)).unwrap();
            for length in [0, 1, 10, whole.len() / 2, whole.len() - 1] {
                fs::write(path.join(key), &whole[..length]).unwrap();
                let error = read_image(&path).unwrap_err();
                assert!(matches!(error, ImageError::Malformed { .. }), "{error}");
                assert!(error.to_string().contains(key), "{error}");
            }
            for at in 0..whole.len().min(200) {
                let mut bytes = whole.clone();
                bytes[at] ^= 0xa5;
                fs::write(path.join(key), bytes).unwrap();
                if let Err(error) = read_image(&path) {
                    assert!(matches!(error, ImageError::Malformed { .. }), "{error}");
                }
            }
        }
    }
}

#[test]
fn damaged_shards_are_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.zarr");
    let pixels = Pixels::from(pattern(&[9, 2000, 2000], |i| (i / 3000) as u16));
    let options = WriteOptions {
        pyramid: Some(false),
        ..WriteOptions::default()
    };
    write(&path, &target("zyx", &pixels), &pixels, &options);
    let file = path.join("0/c/0/0/0");
    let whole = fs::read(&file).unwrap();
    for (length, expected) in [
        (3, "is too short for the directory"),
        (whole.len() - 9, "wrong checksum"),
    ] {
        fs::write(&file, &whole[..length]).unwrap();
        let error = read_image(&path).unwrap_err().to_string();
        assert!(
            error.contains("`0/c/0/0/0`") && error.contains(expected),
            "{error}"
        );
    }
}

#[test]
fn a_huge_claim_takes_no_memory() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.zarr");
    fs::create_dir_all(&path).unwrap();
    let array = |shape: &str, chunk: &str| {
        format!(
            r#"{{"zarr_format": 3, "node_type": "array", "shape": {shape}, "data_type": "uint16",
            "chunk_grid": {{"name": "regular", "configuration": {{"chunk_shape": {chunk}}}}},
            "chunk_key_encoding": {{"name": "default"}}, "fill_value": 0,
            "codecs": [{{"name": "bytes", "configuration": {{"endian": "little"}}}}]}}"#
        )
    };
    fs::write(
        path.join("zarr.json"),
        array("[100000000, 100000000]", "[1, 1]"),
    )
    .unwrap();
    let error = read_image(&path).unwrap_err();
    assert!(matches!(error, ImageError::OverLimit { .. }), "{error}");
    fs::write(path.join("zarr.json"), array("[60000, 60000]", "[1, 1]")).unwrap();
    let error = read_image(&path).unwrap_err();
    assert!(
        error.to_string().contains("the part is in 3600000000"),
        "{error}"
    );
    let options = OpenOptions {
        limits: Limits { bytes: 100 },
        ..OpenOptions::default()
    };
    let source = open_with(&path, &options).unwrap();
    assert!(matches!(
        source.read().unwrap_err(),
        ImageError::OverLimit { .. }
    ));
    assert_eq!(open(&path).unwrap().info().format, "Zarr");
}

#[test]
fn a_chunk_above_the_limit_is_not_unpacked_for_a_part_of_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.ome.zarr");
    store(&path, V5, None);
    let options = OpenOptions {
        limits: Limits { bytes: 1000 },
        ..OpenOptions::default()
    };
    let source = open_with(&path, &options).unwrap();
    let error = source.read_region(&Region::default().with(Axis::Y, 0..1));
    assert!(
        matches!(error, Err(ImageError::OverLimit { limit: 1000, .. })),
        "{error:?}"
    );
}
