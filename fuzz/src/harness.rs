//! What the targets have in common: where an input lies, and what is done with an image.

mod memory;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use coverslip_image::format::{Limits, OpenOptions, open_with};
use coverslip_image::source::{Region, Source};
use coverslip_image::{ImageError, Pixels};
use tempfile::TempDir;

/// Pixels of one read; larger images are only described.
const LIMITS: Limits = Limits { bytes: 16 << 20 };
/// Images of one file that are read.
const MOST_SERIES: usize = 4;
/// Resolutions of one image that are read.
const MOST_LEVELS: usize = 4;

static WORKPLACE: OnceLock<TempDir> = OnceLock::new();

/// The input as a file of this name.
///
/// # Panics
/// If the system does not let it write.
pub fn file(name: &str, data: &[u8]) -> PathBuf {
    let path = workplace().join(name);
    fs::write(&path, data).expect("the folder is ours");
    path
}

/// An empty folder of this name, after `fill` wrote the input into it.
///
/// # Panics
/// If the system does not let it write.
pub fn folder(name: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let path = workplace().join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).expect("the folder is ours");
    fill(&path);
    path
}

/// Opens and reads the input as an image file of this extension.
pub fn image_file(extension: &str, data: &[u8]) {
    image(&file(&format!("image.{extension}"), data));
}

/// Opens and reads an image folder of this name.
pub fn image_folder(name: &str, fill: impl FnOnce(&Path)) {
    image(&folder(name, fill));
}

fn workplace() -> &'static Path {
    WORKPLACE
        .get_or_init(|| {
            // That of libFuzzer ends the process, also where a reader catches the panic of a decoder.
            let _ = std::panic::take_hook();
            TempDir::new().expect("there is a place for temporary files")
        })
        .path()
}

fn image(path: &Path) {
    let options = |series| OpenOptions {
        limits: LIMITS,
        series,
    };
    let Some(first) = typed(open_with(path, &options(None))) else {
        return;
    };
    read_levels(first.as_ref());
    for series in first.info().series.iter().take(MOST_SERIES) {
        if let Some(source) = typed(open_with(path, &options(Some(series.clone())))) {
            read_levels(source.as_ref());
        }
    }
}

fn read_levels(source: &dyn Source) {
    for level in 0..source.info().levels.len().min(MOST_LEVELS) {
        let Some(source) = typed(source.level(level)) else {
            continue;
        };
        let whole = typed(source.read());
        let info = source.info();
        let middle = (info.axes.iter().zip(&info.shape)).fold(
            Region::default(),
            |region, (axis, &length)| {
                let start = length / 3;
                region.with(axis, start..length.min(start + 50))
            },
        );
        let part = typed(source.read_region(&middle));
        if let Some(whole) = whole {
            assert_eq!(whole.shape(), info.shape);
            let part = part.expect("a part of an image that can be read");
            let expected = middle.resolve(info).expect("inside the image");
            let expected: Vec<usize> = expected.iter().map(ExactSizeIterator::len).collect();
            assert_eq!(part.shape(), expected);
            compare(whole.pixels(), part.pixels());
        }
    }
}

/// The first sample of the part is where it is in the whole.
fn compare(whole: &Pixels, part: &Pixels) {
    if part.shape().contains(&0) {
        return;
    }
    let at: Vec<usize> = whole.shape().iter().map(|length| length / 3).collect();
    let origin = vec![0; at.len()];
    macro_rules! compare {
        ($($variant:ident)*) => {
            match (whole, part) {
                $((Pixels::$variant(whole), Pixels::$variant(part)) => {
                    let (a, b) = (whole[&at[..]], part[&origin[..]]);
                    // Not-a-number is not equal to itself.
                    assert!(a == b || a != a, "{a} in the whole image, {b} in a part");
                })*
                _ => panic!("a part of another type"),
            }
        };
    }
    compare!(U8 I8 U16 I16 U32 I32 U64 I64 F32 F64);
}

/// The value; an error must blame the file and not the caller, and say what to do.
fn typed<T>(result: Result<T, ImageError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(
                !matches!(error, ImageError::Misuse { .. } | ImageError::Io { .. }),
                "{error}"
            );
            assert!(error.hint().is_some() && error.path().is_some(), "{error}");
            None
        }
    }
}
