//! A hierarchy in a zip file, at its root or in a folder of it.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use zip::CompressionMethod;
use zip::read::ZipArchive;
use zip::result::ZipError;

use super::{MARKS, Part, Store, too_large};
use crate::error::ImageError;

/// A zip file.
pub(in crate::format::zarr) struct Zip {
    archive: ZipArchive<Shared>,
    file: Shared,
    /// The folder that the hierarchy is in, with a `/` at its end; empty for the root.
    folder: String,
}

impl Zip {
    /// Reads the directory of a zip file that holds a Zarr hierarchy.
    pub(in crate::format::zarr) fn open(path: &Path) -> Result<Zip, ImageError> {
        let opened = File::open(path).map_err(|error| ImageError::io(path, "read", error))?;
        let file = Shared {
            file: Arc::new(Mutex::new(opened)),
            position: 0,
        };
        let archive = ZipArchive::new(file.clone()).map_err(|error| ImageError::Malformed {
            path: path.to_owned(),
            problem: format!("it is no valid zip file: {error}"),
        })?;
        let Some(folder) = root(names(&archive)) else {
            return Err(ImageError::Unsupported {
                path: path.to_owned(),
                feature: "the zip file holds no Zarr".to_owned(),
                remedy: "unpack it and open the image inside".to_owned(),
            });
        };
        Ok(Zip {
            archive,
            file,
            folder,
        })
    }

    /// Reads a file with what is known about it: its length and, if it is not packed, where it is.
    fn with<T>(
        &self,
        key: &str,
        read: impl FnOnce(&mut dyn Read, u64, Option<u64>) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let mut archive = self.archive.clone();
        match archive.by_name(&format!("{}{key}", self.folder)) {
            Ok(mut file) => {
                let plain = file.compression() == CompressionMethod::Stored && !file.encrypted();
                let start = if plain { file.data_start() } else { None };
                let size = file.size();
                read(&mut file, size, start).map(Some).map_err(of_archive)
            }
            Err(ZipError::FileNotFound) => Ok(None),
            Err(ZipError::Io(error)) => Err(of_archive(error)),
            Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error.to_string())),
        }
    }
}

/// What the system did not say is a fault of the archive, however the unpacker calls it.
fn of_archive(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(_) => error,
        None => io::Error::new(ErrorKind::InvalidData, error.to_string()),
    }
}

impl Store for Zip {
    fn get(&self, key: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        self.with(key, |file, size, _| {
            if size > most {
                return Err(too_large(most));
            }
            let mut bytes = Vec::new();
            file.take(size).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
    }

    fn get_part(&self, key: &str, part: Part) -> io::Result<Option<Vec<u8>>> {
        self.with(key, |file, size, start| {
            let (offset, length) = match part {
                Part::At(offset, length) => (offset, length),
                Part::Last(length) => (size.saturating_sub(length), length),
            };
            let length = length.min(size.saturating_sub(offset));
            let mut bytes = Vec::new();
            if let Some(start) = start {
                let mut stored = self.file.clone();
                stored.position = start.saturating_add(offset);
                stored.take(length).read_to_end(&mut bytes)?;
            } else {
                io::copy(&mut file.take(offset), &mut io::sink())?;
                file.take(length).read_to_end(&mut bytes)?;
            }
            Ok(bytes)
        })
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let mut folder = format!("{}{folder}", self.folder);
        if !folder.is_empty() && !folder.ends_with('/') {
            folder.push('/');
        }
        let mut names: Vec<String> = names(&self.archive)
            .filter_map(|name| Some(name.strip_prefix(&folder)?.split('/').next()?.to_owned()))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// The names of all files.
fn names(archive: &ZipArchive<Shared>) -> impl Iterator<Item = String> {
    archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
}

/// The folder nearest to the root that has the metadata of a hierarchy.
fn root(names: impl Iterator<Item = String>) -> Option<String> {
    names
        .filter_map(|name| {
            let (folder, file) = name.rsplit_once('/').unwrap_or(("", &name));
            MARKS.contains(&file).then(|| folder.to_owned())
        })
        .min_by_key(|folder| {
            (
                folder.split('/').filter(|part| !part.is_empty()).count(),
                folder.clone(),
            )
        })
        .map(|folder| {
            if folder.is_empty() {
                String::new()
            } else {
                format!("{folder}/")
            }
        })
}

/// A file that several readers share, each with a position of its own.
#[derive(Clone)]
struct Shared {
    file: Arc<Mutex<File>>,
    position: u64,
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.position))?;
        let count = file.read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => {
                let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                file.metadata()?.len().checked_add_signed(by)
            }
        };
        self.position = target.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
