//! Formats that are not read, so that a user learns what a file is and how to convert it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Place;
use crate::error::ImageError;

/// How far into a file the marks reach.
const HEAD_BYTES: u64 = 4100;

const BY_FIJI: &str = "convert it with bioformats2raw, or open it in Fiji and save it as OME-TIFF";

/// A format: its name, whether a file that begins with these bytes is of it, and what to do.
type Foreign = (&'static str, fn(&[u8]) -> bool, &'static str);

const FOREIGN: [Foreign; 8] = [
    ("a Leica LIF", is_lif, BY_FIJI),
    (
        "an HDF5 (also .h5, .ims)",
        |head| head.starts_with(b"\x89HDF\r\n\x1a\n"),
        "open its dataset in Fiji or ilastik and save it as OME-TIFF or OME-Zarr",
    ),
    (
        "a DICOM",
        |head| has(head, 128, b"DICM"),
        "open it in Fiji and save it as OME-TIFF",
    ),
    (
        "a NIfTI",
        |head| has(head, 344, b"n+1\0") || has(head, 344, b"ni1\0") || has(head, 4, b"n+2\0"),
        "open it in Fiji and save it as OME-TIFF",
    ),
    (
        "an MRC",
        |head| has(head, 208, b"MAP "),
        "convert it with mrc2tif of IMOD, or open it in Fiji and save it as OME-TIFF",
    ),
    (
        "a Princeton SPE",
        |head| has(head, 2996, &0x0123_4567_u32.to_le_bytes()) || has(head, 4098, b"UU"),
        BY_FIJI,
    ),
    (
        "an OLE (also .zvi, .oib, .ipw)",
        |head| head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        BY_FIJI,
    ),
    (
        "a JPEG 2000 (also an early .nd2)",
        |head| head.starts_with(b"\0\0\0\x0cjP  "),
        BY_FIJI,
    ),
];

/// The refusal of a file of a format that this version knows but does not read.
pub(super) fn recognise(path: &Path, place: Place) -> Option<ImageError> {
    let Place::File(..) = place else {
        return None;
    };
    let mut head = Vec::new();
    let file = File::open(path).ok()?;
    file.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    let (name, _, remedy) = FOREIGN.iter().find(|(_, is_it, _)| is_it(&head))?;
    Some(ImageError::Unsupported {
        path: path.to_owned(),
        feature: format!("it is {name} file, which this version does not read"),
        remedy: (*remedy).to_owned(),
    })
}

fn has(head: &[u8], at: usize, mark: &[u8]) -> bool {
    head.get(at..).is_some_and(|rest| rest.starts_with(mark))
}

/// A block mark, its length, and the mark of a text.
fn is_lif(head: &[u8]) -> bool {
    head.starts_with(b"\x70\0\0\0") && head.get(8) == Some(&0x2a)
}
