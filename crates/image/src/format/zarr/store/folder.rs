//! A hierarchy in a folder of the file system.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Part, Store, too_large};

/// A folder.
pub(in crate::format::zarr) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(in crate::format::zarr) fn new(root: &Path) -> Folder {
        Folder {
            root: root.to_owned(),
        }
    }

    /// The opened file and its length.
    fn file(&self, key: &str) -> io::Result<Option<(File, u64)>> {
        match File::open(self.root.join(key)) {
            Ok(file) => {
                let metadata = file.metadata()?;
                Ok(metadata.is_file().then_some((file, metadata.len())))
            }
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}

impl Store for Folder {
    fn get(&self, key: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let Some((mut file, length)) = self.file(key)? else {
            return Ok(None);
        };
        if length > most {
            return Err(too_large(most));
        }
        let mut bytes = Vec::with_capacity(length as usize);
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn get_part(&self, key: &str, part: Part) -> io::Result<Option<Vec<u8>>> {
        let Some((mut file, end)) = self.file(key)? else {
            return Ok(None);
        };
        let (start, length) = match part {
            Part::At(start, length) => (start.min(end), length.min(end.saturating_sub(start))),
            Part::Last(length) => (end.saturating_sub(length), length.min(end)),
        };
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::with_capacity(length as usize);
        file.take(length).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn open(&self, key: &str) -> io::Result<Option<File>> {
        Ok(self.file(key)?.map(|(file, _)| file))
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten();
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}
