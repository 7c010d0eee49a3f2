//! File formats: recognising, opening and writing image files.

mod known;
mod png;
mod tiff;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub use known::formats;

use crate::error::ImageError;
use crate::image::Image;
use crate::source::Source;

/// How much memory the pixels of one read may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest size of the decoded pixels of one read in bytes; 8 GiB by default.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: 8 << 30 }
    }
}

/// One file format.
///
/// To add a format, implement this trait and add the type to the list in `known.rs`.
pub trait Format: Send + Sync {
    /// The name that users know it by, such as `TIFF`.
    fn name(&self) -> &'static str;

    /// The usual file name extensions, in lower case, without a dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether a file that begins with these bytes (at most 64) is of this format.
    fn recognises(&self, head: &[u8]) -> bool;

    /// Opens a file: reads its description, not its pixels.
    ///
    /// # Errors
    ///
    /// Any [`ImageError`] that a file can cause.
    fn open(&self, path: &Path, limits: Limits) -> Result<Box<dyn Source>, ImageError>;

    /// Writes an image, replacing a file of that name in one step.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsupported`] if the format cannot hold this image or is never written,
    /// [`ImageError::Io`] if the operating system refuses.
    fn write(&self, path: &Path, image: &Image) -> Result<(), ImageError>;
}

/// Opens an image file of any known format with the default [`Limits`].
///
/// The content decides about the format, not the name.
///
/// # Errors
///
/// Any [`ImageError`] that a file can cause.
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn Source>, ImageError> {
    open_with(path, Limits::default())
}

/// Opens an image file of any known format.
///
/// # Errors
///
/// Any [`ImageError`] that a file can cause.
pub fn open_with(path: impl AsRef<Path>, limits: Limits) -> Result<Box<dyn Source>, ImageError> {
    let path = path.as_ref();
    let head = read_head(path)?;
    match formats().iter().find(|format| format.recognises(&head)) {
        Some(format) => format.open(path, limits),
        None => Err(unrecognised(path, &head)),
    }
}

/// Reads a whole image file of any known format.
///
/// # Errors
///
/// Any [`ImageError`] that a file can cause.
pub fn read_image(path: impl AsRef<Path>) -> Result<Image, ImageError> {
    open(path)?.read()
}

/// Writes an image in the format that the extension of the path names.
///
/// # Errors
///
/// [`ImageError::Unsupported`] for an unknown extension or an image that the format cannot hold,
/// [`ImageError::Io`] if the operating system refuses.
pub fn write_image(path: impl AsRef<Path>, image: &Image) -> Result<(), ImageError> {
    let path = path.as_ref();
    match by_extension(path) {
        Some(format) => format.write(path, image),
        None => Err(ImageError::Unsupported {
            path: path.to_owned(),
            feature: "its extension names no image format".to_owned(),
            remedy: format!(
                "use one of the extensions {}",
                known_extensions().join(", ")
            ),
        }),
    }
}

/// Whether the extension of the path is one that image files of a known format have.
pub fn has_image_extension(path: &Path) -> bool {
    by_extension(path).is_some()
}

/// The extensions of all known formats.
pub fn known_extensions() -> Vec<&'static str> {
    formats()
        .iter()
        .flat_map(|format| format.extensions())
        .copied()
        .collect()
}

fn by_extension(path: &Path) -> Option<&'static dyn Format> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    formats()
        .iter()
        .copied()
        .find(|format| format.extensions().contains(&extension.as_str()))
}

fn read_head(path: &Path) -> Result<Vec<u8>, ImageError> {
    if path.is_dir() {
        return Err(ImageError::IsFolder {
            path: path.to_owned(),
        });
    }
    let read = |path: &Path| -> std::io::Result<Vec<u8>> {
        let mut head = Vec::with_capacity(64);
        File::open(path)?.take(64).read_to_end(&mut head)?;
        Ok(head)
    };
    read(path).map_err(|error| ImageError::io(path, "read", error))
}

fn unrecognised(path: &Path, head: &[u8]) -> ImageError {
    let content = if head.is_empty() {
        "is empty".to_owned()
    } else {
        format!("starts with {}", describe_head(&head[..head.len().min(7)]))
    };
    let path: PathBuf = path.to_owned();
    if let Some(format) = by_extension(&path) {
        let expected = format.name();
        return ImageError::WrongContent {
            path,
            expected,
            content,
        };
    }
    let names: Vec<_> = formats().iter().map(|format| format.name()).collect();
    ImageError::UnknownFormat {
        path,
        content,
        known: names.join(", "),
    }
}

/// The first bytes as a quoted text if they are one, else as hexadecimal numbers.
fn describe_head(head: &[u8]) -> String {
    let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ' || *byte == b'\n';
    if head.iter().all(printable) {
        format!("{:?}", String::from_utf8_lossy(head))
    } else {
        let bytes: Vec<_> = head.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("the bytes {}", bytes.join(" "))
    }
}
