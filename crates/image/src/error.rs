//! What can go wrong with an image.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{address, reason, remedy};

/// Why an image could not be read, written or used.
///
/// The message says what is wrong and where; [`ImageError::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// There is nothing at the path.
    #[error("`{}` does not exist", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The path is a folder where a file is needed.
    #[error("`{}` is a folder, not an image file", path.display())]
    IsFolder {
        /// The path as given.
        path: PathBuf,
    },
    /// The name promises a format that the content is not.
    #[error("`{}` is not a {expected} file: it {content}", path.display())]
    WrongContent {
        /// The file.
        path: PathBuf,
        /// The format that the extension names.
        expected: &'static str,
        /// What is there instead, as the end of a sentence.
        content: String,
    },
    /// Neither the name nor the content belongs to a known format.
    #[error("`{}` is of no known image format: it {content}; known are {known}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// What is there instead, as the end of a sentence.
        content: String,
        /// The names of the known formats.
        known: String,
    },
    /// The file ends before its content does.
    #[error("`{}` is truncated: {problem}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What is missing.
        problem: String,
    },
    /// The content breaks the rules of its format.
    #[error("`{}` is damaged: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which rule, and where.
        problem: String,
    },
    /// A valid file that uses something this version does not read or write.
    #[error("`{}` is not supported: {feature}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it uses.
        feature: String,
        /// What the user can do instead.
        remedy: String,
    },
    /// The pixels would need more memory than the limit allows.
    #[error("`{}` needs {needed} bytes of memory, the limit is {limit}", path.display())]
    OverLimit {
        /// The file.
        path: PathBuf,
        /// The size of the decoded pixels in bytes.
        needed: u128,
        /// The limit in bytes.
        limit: u64,
    },
    /// The operating system refused.
    #[error("cannot {action} `{}`: {}", path.display(), reason(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as a verb.
        action: &'static str,
        /// The answer of the operating system.
        source: io::Error,
    },
    /// A good image that is not what the caller needs, such as a time series where one volume is
    /// expected.
    #[error("{} {problem}", subject(path.as_deref()))]
    Unsuitable {
        /// The file that the image came from, if it came from one.
        path: Option<PathBuf>,
        /// What the image is, as the end of a sentence.
        problem: String,
        /// What the user can do.
        remedy: String,
    },
    /// A call that breaks its contract, such as an array of three dimensions with two axes.
    #[error("{} {problem}", subject(path.as_deref()))]
    Misuse {
        /// The file concerned, if any.
        path: Option<PathBuf>,
        /// What is wrong with the call.
        problem: String,
    },
}

impl ImageError {
    /// The file or folder concerned, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            ImageError::NotFound { path }
            | ImageError::IsFolder { path }
            | ImageError::WrongContent { path, .. }
            | ImageError::UnknownFormat { path, .. }
            | ImageError::Truncated { path, .. }
            | ImageError::Malformed { path, .. }
            | ImageError::Unsupported { path, .. }
            | ImageError::OverLimit { path, .. }
            | ImageError::Io { path, .. } => Some(path),
            ImageError::Unsuitable { path, .. } | ImageError::Misuse { path, .. } => {
                path.as_deref()
            }
        }
    }

    /// What the user can do about it; `None` for a fault of the program.
    pub fn hint(&self) -> Option<String> {
        match self {
            ImageError::NotFound { .. } => Some("check the spelling of the path".to_owned()),
            ImageError::IsFolder { .. } => {
                Some("give the path of a file inside the folder".to_owned())
            }
            ImageError::WrongContent { .. } | ImageError::UnknownFormat { .. } => Some(
                "save the image as TIFF or PNG again; renaming a file does not convert it"
                    .to_owned(),
            ),
            ImageError::Truncated { .. } => {
                Some("copy or download the file again, it is not complete".to_owned())
            }
            ImageError::Malformed { .. } => Some(
                "get the file again from its source, or open it elsewhere and save it as TIFF"
                    .to_owned(),
            ),
            ImageError::Unsupported { remedy, .. } | ImageError::Unsuitable { remedy, .. } => {
                Some(remedy.clone())
            }
            ImageError::OverLimit { .. } => {
                Some("crop or split the image, or raise the limit".to_owned())
            }
            ImageError::Io { path, source, .. } if address(path).is_some() => {
                Some(match source.kind() {
                    io::ErrorKind::PermissionDenied => "check the address and your rights to it; for \
                         a bucket that is not public, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                        .to_owned(),
                    _ => "check the address and the connection, then try again".to_owned(),
                })
            }
            ImageError::Io { path, source, .. } => {
                Some(remedy(path, source, ["a", "another"]))
            }
            ImageError::Misuse { .. } => None,
        }
    }

    /// An error of the operating system, with the path it is about.
    pub fn io(path: &Path, action: &'static str, source: io::Error) -> ImageError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound if action == "read" => ImageError::NotFound { path },
            io::ErrorKind::IsADirectory => ImageError::IsFolder { path },
            _ => ImageError::Io {
                path,
                action,
                source,
            },
        }
    }
}

fn subject(path: Option<&Path>) -> impl fmt::Display {
    path.map_or_else(
        || "the image".to_owned(),
        |path| format!("`{}`", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io_error(kind: io::ErrorKind) -> ImageError {
        ImageError::io(Path::new("src/a.tif"), "write", io::Error::from(kind))
    }

    #[test]
    fn a_refusal_to_write_names_the_folder_and_the_remedy() {
        let read_only = io_error(io::ErrorKind::PermissionDenied);
        assert_eq!(
            read_only.to_string(),
            "cannot write `src/a.tif`: permission denied"
        );
        assert_eq!(
            read_only.hint().unwrap(),
            "choose another folder, or get the permissions of `src` changed"
        );
        let full = io_error(io::ErrorKind::StorageFull);
        assert_eq!(
            full.to_string(),
            "cannot write `src/a.tif`: the disk is full"
        );
        assert_eq!(
            full.hint().unwrap(),
            "free some space on the disk of `src`, or choose a folder on another disk"
        );
    }

    #[test]
    fn what_is_not_there_is_not_found_only_when_reading() {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let path = Path::new("nowhere/a.png");
        assert!(matches!(
            ImageError::io(path, "read", missing()),
            ImageError::NotFound { .. }
        ));
        assert_eq!(
            ImageError::io(path, "write", missing()).to_string(),
            "cannot write `nowhere/a.png`: no such folder"
        );
    }
}
