//! What kind of checkpoint a file is, and whether it may be opened.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use zip::{CompressionMethod, ZipArchive, result::ZipError};

use super::{
    super::WeightsFileError,
    pickle::{self, PickleFault},
};

/// The first number of a checkpoint of PyTorch 0.1.10 to 1.5, as bytes and in digits.
const LEGACY: [&[u8]; 2] = [
    &[0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19],
    b"119547037146038801333356",
];
/// Such a checkpoint begins with so many pickles: number, version, machine, object, keys of storages.
const LEGACY_PICKLES: usize = 5;

/// Refuses what is no checkpoint and what no honest one holds. Gives the bytes of the file.
pub(super) fn inspect(path: &Path, head: &[u8]) -> Result<u64, WeightsFileError> {
    let file = File::open(path).map_err(|source| WeightsFileError::Io {
        path: path.to_owned(),
        source,
    })?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let form = |what, remedy| {
        Err(WeightsFileError::Form {
            path: path.to_owned(),
            what,
            remedy,
        })
    };
    let mut reader = BufReader::new(file);
    if head.starts_with(b"PK") {
        inspect_zip(path, reader)?;
    } else if head.starts_with(b"\x89HDF\r\n\x1a\n") {
        return form("an HDF5 file (Keras, TensorFlow)", FROM_KERAS);
    } else if head.get(257..262) == Some(b"ustar") {
        return form("a tar archive (PyTorch before 0.1.10)", FROM_TAR);
    } else if is_legacy(head) {
        inspect_pickles(path, &mut reader, LEGACY_PICKLES)?;
    } else if head.first() == Some(&0x80) {
        inspect_pickles(path, &mut reader, 1)?;
    } else {
        inspect_pickles(path, &mut reader, 1).map_err(|error| unknown(path, error))?;
        return Err(WeightsFileError::Unknown {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

const FROM_KERAS: &str = "write its variables with Python: `safetensors.numpy.save_file({w.name.split(':')[0]: \
                          w.numpy() for w in model.weights}, 'weights.safetensors')`";
const FROM_TAR: &str = "if you trust the file, load it with the PyTorch of its time and save its state dict \
                        with a PyTorch of today";
const FROM_SCRIPT: &str =
    "in PyTorch, `torch.save(torch.jit.load(FILE).state_dict(), NEW)` writes its weights";

/// A text may look like a pickle for a few bytes; that it asks to run code is worth saying, all other
/// faults only mean that it is none.
fn unknown(path: &Path, error: WeightsFileError) -> WeightsFileError {
    match error {
        WeightsFileError::Code { .. } => error,
        _ => WeightsFileError::Unknown {
            path: path.to_owned(),
        },
    }
}

fn is_legacy(head: &[u8]) -> bool {
    let start = &head[..head.len().min(64)];
    LEGACY
        .iter()
        .any(|magic| start.windows(magic.len()).any(|window| window == *magic))
}

fn inspect_pickles(
    path: &Path,
    reader: &mut impl BufRead,
    count: usize,
) -> Result<(), WeightsFileError> {
    let mut budget = pickle::MOST_INSTRUCTIONS;
    for _ in 0..count {
        pickle::inspect(reader, &mut budget).map_err(|fault| match fault {
            PickleFault::Code(call) => WeightsFileError::Code {
                path: path.to_owned(),
                call,
            },
            PickleFault::Damaged(problem) => WeightsFileError::Damaged {
                path: path.to_owned(),
                problem,
            },
        })?;
    }
    Ok(())
}

fn inspect_zip(path: &Path, reader: BufReader<File>) -> Result<(), WeightsFileError> {
    let damaged = |problem: String| WeightsFileError::Damaged {
        path: path.to_owned(),
        problem,
    };
    let broken = |error: ZipError| damaged(format!("the zip archive is broken ({error})"));
    let mut archive = ZipArchive::new(reader).map_err(broken)?;
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()
        .map_err(broken)?;
    let has = |end: &str| names.iter().any(|name| name.ends_with(end));
    if let Some((what, remedy)) = other_archive(&has) {
        return Err(WeightsFileError::Form {
            path: path.to_owned(),
            what,
            remedy,
        });
    }
    for (index, name) in names.iter().enumerate() {
        let entry = archive.by_index_raw(index).map_err(broken)?;
        // PyTorch stores its entries as they are. One that is packed may unpack to any size.
        if entry.compression() != CompressionMethod::Stored
            || entry.size() != entry.compressed_size()
        {
            return Err(damaged(format!(
                "entry {name} of the zip archive is packed, {} bytes for {}; PyTorch does not pack",
                entry.compressed_size(),
                entry.size()
            )));
        }
        if name.ends_with("data.pkl") {
            inspect_pickles(path, &mut BufReader::new(entry), 1)?;
        }
    }
    Ok(())
}

/// What a zip archive is that is no checkpoint, and what to do with it.
fn other_archive(has: &dyn Fn(&str) -> bool) -> Option<(&'static str, &'static str)> {
    if has("model.weights.h5") {
        Some(("a Keras model", FROM_KERAS))
    } else if has("constants.pkl") {
        Some(("a TorchScript program", FROM_SCRIPT))
    } else if has("data.pkl") {
        None
    } else {
        Some((
            "a zip archive without a `data.pkl`",
            "give the checkpoint itself; unpack the archive if it is in there",
        ))
    }
}
