//! Where the files of a Zarr hierarchy are: a folder, a zip file or an address.

mod folder;
#[cfg(feature = "remote")]
mod http;
#[cfg(feature = "remote")]
mod presign;
#[cfg(feature = "remote")]
mod s3;
mod zip;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use folder::Folder;
use serde_json::Value;
pub(super) use zip::Zip;

use crate::error::ImageError;
use crate::files::address;

/// The largest metadata file that is read.
const MOST_METADATA_BYTES: u64 = 64 << 20;
/// The metadata files of which the root of a hierarchy has at least one.
const MARKS: [&str; 4] = ["zarr.json", ".zgroup", ".zarray", ".zattrs"];

/// A part of a stored file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// This many bytes from an offset.
    At(u64, u64),
    /// This many bytes at the end.
    Last(u64),
}

/// Reads the files of a hierarchy; a key is the path of a file in it, with `/`.
pub(super) trait Store: Send + Sync {
    /// A whole file; `None` if there is none. A file of more than `most` bytes is an error.
    fn get(&self, key: &str, most: u64) -> io::Result<Option<Vec<u8>>>;

    /// A part of a file, shorter if the file ends before it does; `None` if there is no file.
    fn get_part(&self, key: &str, part: Part) -> io::Result<Option<Vec<u8>>>;

    /// A file of which several parts are read, opened once; `None` where the store has no files of
    /// its own.
    fn open(&self, _key: &str) -> io::Result<Option<File>> {
        Ok(None)
    }

    /// The names in a folder, as far as the store can tell.
    fn list(&self, folder: &str) -> Vec<String>;

    /// The threads that read, where others than those that compute should.
    fn threads(&self) -> Option<&rayon::ThreadPool> {
        None
    }
}

/// A place in a store, and what to call it in messages.
#[derive(Clone)]
pub(super) struct Location {
    pub(super) store: Arc<dyn Store>,
    /// The path that the user gave.
    pub(super) path: PathBuf,
    /// The folder inside the store; empty for its root.
    pub(super) folder: String,
}

impl Location {
    /// The root of what is at a path or address.
    pub(super) fn open(path: &Path) -> Result<Location, ImageError> {
        let store: Arc<dyn Store> = if let Some(address) = address(path) {
            remote(path, address)?
        } else if path.is_dir() {
            Arc::new(Folder::new(path))
        } else {
            Arc::new(Zip::open(path)?)
        };
        Ok(Location {
            store,
            path: path.to_owned(),
            folder: String::new(),
        })
    }

    /// The key of a file in this folder.
    pub(super) fn key(&self, name: &str) -> String {
        if self.folder.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.folder)
        }
    }

    /// A folder below, by the relative path that metadata give.
    pub(super) fn child(&self, relative: &str) -> Result<Location, ImageError> {
        let mut folder = self.folder.clone();
        for name in relative
            .split('/')
            .filter(|name| !matches!(*name, "" | "."))
        {
            if name == ".." || name.contains(['\\', ':']) {
                return Err(self.malformed("", format!("the path {relative:?} leaves the store")));
            }
            if !folder.is_empty() {
                folder.push('/');
            }
            folder.push_str(name);
        }
        Ok(Location {
            folder,
            ..self.clone()
        })
    }

    /// A file of metadata, if there is one.
    pub(super) fn json(&self, name: &str) -> Result<Option<Value>, ImageError> {
        let bytes = self.read(self.store.get(&self.key(name), MOST_METADATA_BYTES), name)?;
        bytes
            .map(|bytes| serde_json::from_slice(&bytes))
            .transpose()
            .map_err(|error| self.malformed(name, format!("is no valid JSON: {error}")))
    }

    /// The value of a store's answer, or an error that names the file.
    pub(super) fn read<T>(&self, answer: io::Result<T>, name: &str) -> Result<T, ImageError> {
        answer.map_err(|error| {
            if error.kind() == io::ErrorKind::InvalidData {
                return self.malformed(name, error.to_string());
            }
            let source = io::Error::new(error.kind(), format!("`{}`: {error}", self.key(name)));
            ImageError::io(&self.path, "read", source)
        })
    }

    /// The error of a file of this folder that breaks the rules.
    pub(super) fn malformed(&self, name: &str, problem: impl AsRef<str>) -> ImageError {
        ImageError::Malformed {
            path: self.path.clone(),
            problem: self.say(name, problem.as_ref()),
        }
    }

    /// The error of a file of this folder that uses what is not read.
    pub(super) fn unsupported(
        &self,
        name: &str,
        feature: impl AsRef<str>,
        remedy: impl Into<String>,
    ) -> ImageError {
        ImageError::Unsupported {
            path: self.path.clone(),
            feature: self.say(name, feature.as_ref()),
            remedy: remedy.into(),
        }
    }

    fn say(&self, name: &str, text: &str) -> String {
        let key = self.key(name);
        match key.trim_end_matches('/') {
            "" => text.to_owned(),
            key => format!("`{key}` {text}"),
        }
    }
}

#[cfg(feature = "remote")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "a build without the feature refuses"
)]
fn remote(_path: &Path, address: &str) -> Result<Arc<dyn Store>, ImageError> {
    Ok(match address.strip_prefix("s3://") {
        Some(bucket) => Arc::new(s3::S3::new(bucket)),
        None => Arc::new(http::Http::new(address)),
    })
}

#[cfg(not(feature = "remote"))]
fn remote(path: &Path, _address: &str) -> Result<Arc<dyn Store>, ImageError> {
    Err(ImageError::Unsupported {
        path: path.to_owned(),
        feature: "this build reads no addresses".to_owned(),
        remedy: "download the image, or build with the feature `remote`".to_owned(),
    })
}

/// Whether a folder has the metadata of a Zarr hierarchy.
pub(super) fn is_zarr(folder: &Path) -> bool {
    MARKS.iter().any(|file| folder.join(file).is_file())
}

/// The error of a file that is larger than it can be.
fn too_large(most: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("has more than {most} bytes"),
    )
}

#[cfg(feature = "remote")]
/// Percent-encodes what an address may not hold, except for the characters in `keep`.
fn escape(text: &str, keep: &[u8]) -> String {
    use std::fmt::Write;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || keep.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
