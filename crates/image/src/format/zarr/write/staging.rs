//! The hidden folder in which an image is written until it is complete.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::ImageError;
use crate::format::Resume;
use crate::format::zarr::store::is_zarr;

/// Says for which image and options the folder is.
const KEY: &str = "key";

/// A hidden folder beside an image, or in the image that labels belong to.
pub(super) struct Staging {
    target: PathBuf,
    folder: PathBuf,
    /// Held while this process writes, so that no other one resumes.
    lock: Option<File>,
    is_published: bool,
}

impl Staging {
    /// Makes the folder for what will be at `target`; `inside` is the folder that it is made in if
    /// not beside it. Unless it is never resumed, the folder stays if the writing is interrupted; an
    /// earlier one of the same key is continued if asked.
    pub(super) fn create(
        target: &Path,
        inside: Option<&Path>,
        resume: &Resume,
    ) -> Result<Staging, ImageError> {
        refuse_others(target)?;
        let refused = |error| ImageError::io(target, "write", error);
        let parent = inside
            .or(target.parent())
            .filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let (folder, lock) = match resume {
            Resume::Never => {
                let folder = tempfile::Builder::new()
                    .prefix(".coverslip-")
                    .suffix(".part")
                    .tempdir_in(parent)
                    .map_err(refused)?;
                (folder.keep(), None)
            }
            Resume::Begin(key) | Resume::Continue(key) => {
                let name = target.file_name().unwrap_or_default().to_string_lossy();
                let folder = parent.join(format!(".coverslip-{name}.resume"));
                let goes_on = matches!(resume, Resume::Continue(_));
                let lock = take_over(&folder, key, goes_on).map_err(refused)?;
                (folder, Some(lock))
            }
        };
        let staging = Staging {
            target: target.to_owned(),
            folder,
            lock,
            is_published: false,
        };
        fs::create_dir_all(staging.content()).map_err(refused)?;
        Ok(staging)
    }

    /// The hidden folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder in it that becomes the image.
    pub(super) fn content(&self) -> PathBuf {
        self.folder.join("content")
    }

    /// Gives the image its name; an image that was there before is replaced.
    pub(super) fn publish(mut self) -> Result<(), ImageError> {
        refuse_others(&self.target)?;
        let refused = |error| ImageError::io(&self.target, "write", error);
        if let Some(parent) = self
            .target
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            fs::create_dir_all(parent).map_err(refused)?;
        }
        let replaced = self.folder.join("replaced");
        if self.target.exists() {
            fs::rename(&self.target, &replaced).map_err(refused)?;
        }
        if let Err(error) = fs::rename(self.content(), &self.target) {
            // What was there before comes back.
            let _ = fs::rename(&replaced, &self.target);
            return Err(refused(error));
        }
        self.is_published = true;
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // An opened file could not be removed everywhere.
        if self.lock.take().is_none() || self.is_published {
            // Nothing can be done about leftovers that the operating system keeps.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// The hidden folder of an interrupted writing, or an empty one.
fn take_over(folder: &Path, key: &str, goes_on: bool) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another process is writing this image",
        ),
        TryLockError::Error(error) => error,
    })?;
    let known = folder.join(KEY);
    if goes_on && fs::read_to_string(&known).is_ok_and(|known| known == key) {
        return Ok(lock);
    }
    for name in ["content", "replaced"] {
        match fs::remove_dir_all(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    match fs::remove_file(folder.join("journal")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::write(known, key)?;
    Ok(lock)
}

/// Refuses to replace what is no Zarr.
fn refuse_others(target: &Path) -> Result<(), ImageError> {
    let is_empty = || fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
    if !target.exists() || target.is_dir() && (is_zarr(target) || is_empty()) {
        return Ok(());
    }
    let kind = if target.is_dir() { "folder" } else { "file" };
    Err(ImageError::Unsupported {
        path: target.to_owned(),
        feature: format!("there is a {kind} of this name that is no Zarr"),
        remedy: format!("choose another name, or remove that {kind}"),
    })
}
