//! Real and hostile files: each one is read or refused with a typed error, quickly, and what is
//! read has the pixels that another reader found.
//!
//! `COVERSLIP_IMAGE_SAMPLES=DIR` walks another tree. A folder may have an `index.csv` with the
//! columns `file`, `note` and perhaps `axes`, `shape`, `dtype`, `pixels_sha256` and `lossy`.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::HashMap;
use std::fmt::Write;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use coverslip_image::format::{OpenOptions, open, open_with};
use coverslip_image::{Axis, Image, ImageError, Pixels};
use ndarray::{ArrayD, Axis as Dimension};
use sha2::{Digest, Sha256};

type Row = HashMap<String, String>;

/// What happened to one file.
enum Outcome {
    Read,
    Refused(ImageError),
}

#[test]
fn every_sample_is_read_right_or_refused() {
    let root = std::env::var_os("COVERSLIP_IMAGE_SAMPLES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"),
        PathBuf::from,
    );
    let mut faults = Vec::new();
    let mut counts = [0; 3];
    walk(&root, &HashMap::new(), &mut |path, row| {
        match check(path, row) {
            Ok(Outcome::Read) => counts[0] += 1,
            Ok(Outcome::Refused(error)) => {
                counts[1] += 1;
                println!("refused: {error}");
            }
            Err(fault) => faults.push(format!("{}: {fault}", path.display())),
        }
        counts[2] += 1;
    });
    println!(
        "{} files, {} read, {} refused, {} wrong",
        counts[2],
        counts[0],
        counts[1],
        faults.len()
    );
    assert!(counts[0] > 0, "no file of {} was read", root.display());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Visits all files, each with its row of the nearest `index.csv` above it.
fn walk(folder: &Path, above: &HashMap<PathBuf, Row>, visit: &mut impl FnMut(&Path, Option<&Row>)) {
    let mut rows = above.clone();
    if let Ok(mut reader) = csv::Reader::from_path(folder.join("index.csv")) {
        for row in reader.deserialize::<Row>() {
            let row = row.unwrap();
            rows.insert(folder.join(&row["file"]), row);
        }
    }
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        // A Zarr hierarchy is one sample, of many files.
        let marks = ["zarr.json", ".zgroup", ".zarray", ".zattrs"];
        if marks.iter().any(|file| path.join(file).is_file()) {
            visit(&path, rows.get(&path));
        } else if path.is_dir() {
            walk(&path, &rows, visit);
        } else if path.file_name().unwrap() != "index.csv" {
            visit(&path, rows.get(&path));
        }
    }
}

/// Visits the rows of all lists of OME-Zarr stores: `expected.csv` with the columns `store`,
/// `array` (a level, or `labels/NAME/LEVEL`), `axes`, `shape`, `dtype` and `pixels_sha256`.
fn stores(folder: &Path, visit: &mut impl FnMut(&Path, &Row)) {
    if let Ok(mut reader) = csv::Reader::from_path(folder.join("expected.csv")) {
        for row in reader.deserialize::<Row>() {
            let row = row.unwrap();
            visit(&folder.join(&row["store"]), &row);
        }
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            stores(&path, visit);
        }
    }
}

#[test]
fn every_level_of_a_listed_store_has_its_pixels() {
    let Some(root) = std::env::var_os("COVERSLIP_IMAGE_SAMPLES") else {
        return;
    };
    let mut count = 0;
    stores(Path::new(&root), &mut |path, row| {
        let array = Path::new(&row["array"]);
        let series = array
            .parent()
            .and_then(Path::to_str)
            .filter(|name| !name.is_empty());
        let options = OpenOptions {
            series: series.map(str::to_owned),
            ..OpenOptions::default()
        };
        let level = array
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let image = open_with(path, &options)
            .unwrap()
            .level(level)
            .unwrap()
            .read()
            .unwrap();
        let axes: Vec<Axis> = row["axes"].chars().filter_map(Axis::from_letter).collect();
        assert_eq!(image.dtype().name(), row["dtype"], "{row:?}");
        assert_eq!(hash(&image, &axes), row["pixels_sha256"], "{row:?}");
        count += 1;
    });
    println!("{count} levels");
}

fn check(path: &Path, row: Option<&Row>) -> Result<Outcome, String> {
    let start = Instant::now();
    let result = catch_unwind(|| open(path)?.read()).map_err(|_| "panicked".to_owned())?;
    if start.elapsed() > Duration::from_secs(10) {
        return Err(format!("took {:?}", start.elapsed()));
    }
    let value = |key: &str| row.and_then(|row| row.get(key)).map_or("", String::as_str);
    match result {
        Ok(image) => {
            if value("note").contains("must be refused") {
                return Err("should have been refused".to_owned());
            }
            compare(&image, &value)?;
            Ok(Outcome::Read)
        }
        Err(error) => {
            let must_load = value("note").starts_with("VALID") || !value("must_load").is_empty();
            let is_typed = !matches!(error, ImageError::Misuse { .. } | ImageError::Io { .. });
            if must_load || !is_typed || error.path() != Some(path) || error.hint().is_none() {
                return Err(error.to_string());
            }
            Ok(Outcome::Refused(error))
        }
    }
}

/// Compares with what the index says, where it says something that is comparable.
fn compare<'r>(image: &Image, value: &impl Fn(&str) -> &'r str) -> Result<(), String> {
    let dtype = if value("dtype") == "bool" {
        "uint8"
    } else {
        value("dtype")
    };
    if value("pixels_sha256").is_empty() || value("lossy") == "1" || dtype != image.dtype().name() {
        return Ok(());
    }
    // S are interleaved or planar samples; Q and I are axes without a name.
    let letters = match (value("axes"), value("shape").matches('x').count()) {
        ("", 1) => "YX",
        ("", 2) if image.len_of(Axis::C) > 1 => "YXS",
        ("", 2) => "ZYX",
        (letters, _) => letters,
    };
    let axes: Vec<Axis> = letters
        .chars()
        .filter_map(|letter| match letter {
            'S' => Some(Axis::C),
            'Q' | 'I' => Some(Axis::Z),
            letter => Axis::from_letter(letter),
        })
        .collect();
    let shape: Vec<usize> = value("shape")
        .split('x')
        .map(|n| n.parse().unwrap())
        .collect();
    let got: Vec<usize> = axes.iter().map(|&axis| image.len_of(axis)).collect();
    // The index has the indices of a palette, and samples beyond the colours that mean nothing.
    let is_coloured = image
        .channel_names()
        .first()
        .is_some_and(|name| *name == "red");
    if is_coloured && (value("compression") == "png mode P" || shape.last() > Some(&3)) {
        return Ok(());
    }
    if got != shape || got.iter().product::<usize>() != image.shape().iter().product::<usize>() {
        return Err(format!(
            "has {:?} along {}, not {shape:?}",
            image.shape(),
            image.axes()
        ));
    }
    let hash = hash(image, &axes);
    if hash == value("pixels_sha256") {
        Ok(())
    } else {
        Err("has other pixels".to_owned())
    }
}

fn hash(image: &Image, axes: &[Axis]) -> String {
    fn bytes<T: Copy, const N: usize>(
        image: &Image,
        array: &ArrayD<T>,
        axes: &[Axis],
        to_bytes: impl Fn(T) -> [u8; N],
    ) -> Vec<u8> {
        let mut view = array.view();
        let mut names: Vec<Axis> = image.axes().iter().collect();
        for &axis in axes {
            if !names.contains(&axis) {
                view.insert_axis_inplace(Dimension(names.len()));
                names.push(axis);
            }
        }
        let order: Vec<usize> = axes
            .iter()
            .map(|axis| names.iter().position(|other| other == axis).unwrap())
            .collect();
        view.permuted_axes(order)
            .iter()
            .flat_map(|&sample| to_bytes(sample))
            .collect()
    }
    let bytes = match image.pixels() {
        Pixels::U8(array) => bytes(image, array, axes, u8::to_le_bytes),
        Pixels::I8(array) => bytes(image, array, axes, i8::to_le_bytes),
        Pixels::U16(array) => bytes(image, array, axes, u16::to_le_bytes),
        Pixels::I16(array) => bytes(image, array, axes, i16::to_le_bytes),
        Pixels::U32(array) => bytes(image, array, axes, u32::to_le_bytes),
        Pixels::I32(array) => bytes(image, array, axes, i32::to_le_bytes),
        Pixels::U64(array) => bytes(image, array, axes, u64::to_le_bytes),
        Pixels::I64(array) => bytes(image, array, axes, i64::to_le_bytes),
        Pixels::F32(array) => bytes(image, array, axes, f32::to_le_bytes),
        Pixels::F64(array) => bytes(image, array, axes, f64::to_le_bytes),
        other => panic!("samples of type {}", other.dtype()),
    };
    let mut text = String::new();
    for byte in Sha256::digest(&bytes) {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}
