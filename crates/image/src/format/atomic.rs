//! Writing files in one step.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::error::ImageError;

/// Writes a file so that its name only ever shows complete content.
///
/// The content goes to a temporary file in the same folder, is synced to the disk, and then takes
/// the final name. If anything fails, a file that was there before stays as it was.
///
/// # Errors
///
/// Whatever `content` returns; [`ImageError::Io`] if the operating system refuses.
pub fn write_atomic<F>(path: &Path, content: F) -> Result<(), ImageError>
where
    F: FnOnce(&mut BufWriter<&mut File>) -> Result<(), ImageError>,
{
    let io = |error: io::Error| ImageError::io(path, "write", error);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = builder().tempfile_in(folder).map_err(io)?;
    let mut writer = BufWriter::with_capacity(1 << 18, file.as_file_mut());
    content(&mut writer)?;
    writer.flush().map_err(io)?;
    drop(writer);
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".coverslip-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private by default; results are for everyone that the umask allows.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomic(&path, |file| {
            file.write_all(b"old").unwrap();
            Ok(())
        })
        .unwrap();
        let failed = write_atomic(&path, |file| {
            file.write_all(b"new").unwrap();
            Err(ImageError::NotFound { path: "x".into() })
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/a.txt");
        let error = write_atomic(&path, |_| Ok(())).unwrap_err();
        assert!(
            error.to_string().ends_with("a.txt`: no such folder"),
            "{error}"
        );
        assert!(error.hint().unwrap().starts_with("create the folder"));
    }
}
