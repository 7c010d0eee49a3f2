//! Paths and addresses, writing files in one step, and what to say when the operating system refuses.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes a file so that its name only ever shows complete content.
///
/// The content goes to a temporary file in the same folder, is synced to the disk, and then takes
/// the final name. If anything fails, a file that was there before stays as it was.
///
/// # Errors
///
/// Whatever `content` returns; what `refused` makes of it if the operating system refuses.
pub fn write_atomic<E>(
    path: &Path,
    refused: impl Fn(io::Error) -> E,
    content: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), E>,
) -> Result<(), E> {
    let mut file = begin(path).map_err(&refused)?;
    let mut writer = BufWriter::with_capacity(1 << 18, file.as_file_mut());
    content(&mut writer)?;
    writer.flush().map_err(&refused)?;
    drop(writer);
    publish(file, path).map_err(refused)
}

/// A temporary file that will take the name `path`; it vanishes when it is dropped.
pub(crate) fn begin(path: &Path) -> io::Result<NamedTempFile> {
    builder().tempfile_in(folder_of(path))
}

/// Gives a complete temporary file its name.
pub(crate) fn publish(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".coverslip-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private by default; results are for everyone that the umask allows.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

/// The folder that a file is in; the current one for a bare name.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The address that a path is, if it is one: it begins with `http://`, `https://` or `s3://`.
pub fn address(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    ["http://", "https://", "s3://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
        .then_some(text)
}

/// What images and their targets or predictions are matched by: the file name without extension;
/// `a.ome.tif` is `a`, and so is `a.ome.zarr.zip`.
pub fn image_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.strip_suffix(".zarr").unwrap_or(&stem);
    stem.strip_suffix(".ome").unwrap_or(stem).to_owned()
}

/// The part of a path that exists.
pub fn existing(path: &Path) -> &Path {
    let mut part = path;
    while !part.exists() {
        let above = folder_of(part);
        if above == part {
            break;
        }
        part = above;
    }
    part
}

/// Why the operating system refused to write, as the end of a sentence.
pub fn reason(refusal: &io::Error) -> String {
    match refusal.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::NotFound => "no such folder".to_owned(),
        io::ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        io::ErrorKind::AlreadyExists => "there is a file of this name".to_owned(),
        _ => refusal.to_string(),
    }
}

/// What the user can do when the operating system refuses to write at `path`.
///
/// `role` goes before "folder" where another one is advised: `["a", "another"]`, or with what the
/// folder is for, `["an output", "another output"]`.
pub fn remedy(path: &Path, refusal: &io::Error, role: [&str; 2]) -> String {
    let folder = existing(path).display();
    let [a, another] = role;
    match refusal.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("choose {another} folder, or get the permissions of `{folder}` changed")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!(
            "free some space on the disk of `{folder}`, or choose {a} folder on another disk"
        ),
        io::ErrorKind::NotFound => format!(
            "create the folder `{}` first, or check the spelling of the path",
            folder_of(path).display()
        ),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            format!("choose {another} folder: `{folder}` is a file")
        }
        _ => format!("check that the disk of `{folder}` works, then try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ImageError;

    fn write(
        path: &Path,
        content: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        write_atomic(path, |error| ImageError::io(path, "write", error), content)
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, |file| {
            file.write_all(b"old").unwrap();
            Ok(())
        })
        .unwrap();
        let failed = write(&path, |file| {
            file.write_all(b"new").unwrap();
            Err(ImageError::NotFound { path: "x".into() })
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/a.txt");
        let error = write(&path, |_| Ok(())).unwrap_err();
        assert!(
            error.to_string().ends_with("a.txt`: no such folder"),
            "{error}"
        );
        assert!(error.hint().unwrap().starts_with("create the folder"));
    }

    #[test]
    fn names_go_without_extensions() {
        for (file, name) in [
            ("x/a.ome.tif", "a"),
            ("a.tif", "a"),
            ("a.ome.zarr", "a"),
            ("a.ome.zarr.zip", "a"),
            ("a.b.png", "a.b"),
            ("a", "a"),
        ] {
            assert_eq!(image_name(Path::new(file)), name);
        }
    }
}
