//! Writing results so that a name only ever shows complete content.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use coverslip_image::files::{existing, reason, remedy};

use crate::base::error::Fault;

/// A file or folder that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`: {}", path.display(), reason(source))]
pub struct FileError {
    /// The file or folder.
    pub path: PathBuf,
    /// What was tried, as a verb.
    pub action: &'static str,
    /// The answer of the operating system.
    pub source: io::Error,
}

impl Fault for FileError {
    fn hint(&self) -> Option<String> {
        let role = ["an output", "another output"];
        Some(remedy(&self.path, &self.source, role))
    }
}

impl FileError {
    fn new(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            action,
            source,
        }
    }
}

/// Writes a file in one step, as [`coverslip_image::files::write_atomic`].
///
/// # Errors
/// [`FileError`] if the operating system refuses.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let refused = |source| FileError::new(path, "write", source);
    coverslip_image::files::write_atomic(path, refused, |file| {
        file.write_all(bytes).map_err(refused)
    })
}

/// Creates a folder and those above it; one that exists is fine.
///
/// # Errors
/// [`FileError`] if the operating system refuses.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|source| FileError::new(path, "create the folder", source))
}

/// Checks that a folder can be made, by a file without a name in what exists of its path.
///
/// # Errors
/// [`FileError`] if the operating system refuses.
pub fn check_writable(path: &Path) -> Result<(), FileError> {
    let action = if path.is_dir() {
        "write into"
    } else {
        "create the folder"
    };
    tempfile::tempfile_in(existing(path))
        .map(drop)
        .map_err(|source| FileError::new(path, action, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_in_one_piece() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomic(&path, b"old").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn remedies_speak_of_what_exists() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a");
        let hint = |kind: io::ErrorKind| FileError::new(&path, "write", kind.into()).hint();
        let named = folder.path().display();
        assert_eq!(
            hint(io::ErrorKind::StorageFull).unwrap(),
            format!(
                "free some space on the disk of `{named}`, or choose an output folder on another \
                 disk"
            )
        );
        assert_eq!(
            hint(io::ErrorKind::ReadOnlyFilesystem).unwrap(),
            format!("choose another output folder, or get the permissions of `{named}` changed")
        );
        assert_eq!(
            hint(io::ErrorKind::NotFound).unwrap(),
            format!("create the folder `{named}/new` first, or check the spelling of the path")
        );
    }

    #[test]
    fn refusals_name_the_folder_and_the_remedy() {
        let error = |kind: io::ErrorKind| FileError::new(Path::new("out/a"), "write", kind.into());
        let full = error(io::ErrorKind::StorageFull);
        assert_eq!(full.to_string(), "cannot write `out/a`: the disk is full");
        let denied = error(io::ErrorKind::PermissionDenied);
        assert_eq!(
            denied.to_string(),
            "cannot write `out/a`: permission denied"
        );
        let missing = write_atomic(Path::new("/no such folder/a"), b"").unwrap_err();
        assert_eq!(
            missing.to_string(),
            "cannot write `/no such folder/a`: no such folder"
        );
    }
}
