//! File formats: recognising, opening and writing image files.

mod czi;
mod foreign;
mod jpeg;
mod known;
mod listing;
mod lzw;
mod nd2;
mod options;
mod png;
mod positioned;
pub mod pyramid;
mod raw;
mod series;
mod tiff;
mod zarr;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub use known::formats;
pub use listing::{Listing, list_folder};
pub use options::{Compression, Flavour, Limits, OpenOptions, Resume, WriteOptions};

use crate::error::ImageError;
use crate::files::address;
use crate::image::Image;
use crate::sink::{Sink, Target};
use crate::source::Source;

/// What is at the place that an image is to be opened from.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// A file that begins with these bytes (at most 64).
    File(&'a Path, &'a [u8]),
    /// A folder.
    Folder(&'a Path),
    /// An address that begins with `http://`, `https://` or `s3://`.
    Address(&'a str),
}

/// One file format.
///
/// To add a format, implement this trait and add the type to the list in `known.rs`.
pub trait Format: Send + Sync {
    /// The name that users know it by, such as `TIFF`.
    fn name(&self) -> &'static str;

    /// The usual file name extensions, in lower case, without a dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether what is at this place is of this format.
    fn recognises(&self, place: Place) -> bool;

    /// Whether an image of this path is written in this format: by its extension, unless a format
    /// has other rules.
    fn writes(&self, path: &Path) -> bool {
        has_extension(path, self.extensions())
    }

    /// Opens an image: reads its description, not its pixels.
    ///
    /// # Errors
    ///
    /// Any [`ImageError`] that a file can cause.
    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn Source>, ImageError>;

    /// Begins to write an image, which will replace a file of that name in one step.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsupported`] if the format cannot hold this image or is never written,
    /// [`ImageError::Io`] if the operating system refuses.
    fn create(
        &self,
        path: &Path,
        target: Target,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>, ImageError>;
}

/// Opens an image of any known format with the default options.
///
/// The content decides about the format, not the name.
///
/// ```
/// use coverslip_image::format::open;
/// use coverslip_image::source::Region;
/// use coverslip_image::{Axis, DType};
///
/// let image = open("../../samples/nuclei2d/images/n000_d256b32a.png")?;
/// assert_eq!(image.info().dtype, DType::UInt8);
/// let region = Region::default().with(Axis::Y, 40..104).with(Axis::X, 60..124);
/// let part = image.read_region(&region)?;
/// assert_eq!(part.shape(), [64, 64]);
/// # Ok::<(), coverslip_image::ImageError>(())
/// ```
///
/// # Errors
///
/// Any [`ImageError`] that a file can cause.
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn Source>, ImageError> {
    open_with(path, &OpenOptions::default())
}

/// Opens an image of any known format: a file, a folder or an address.
///
/// # Errors
///
/// Any [`ImageError`] that a file can cause.
pub fn open_with(
    path: impl AsRef<Path>,
    options: &OpenOptions,
) -> Result<Box<dyn Source>, ImageError> {
    let path = path.as_ref();
    let head;
    let place = if let Some(address) = address(path) {
        Place::Address(address)
    } else if path.is_dir() {
        Place::Folder(path)
    } else {
        head = read_head(path)?;
        Place::File(path, &head)
    };
    match formats().iter().find(|format| format.recognises(place)) {
        Some(format) => format.open(path, options),
        None => Err(foreign::recognise(path, place).unwrap_or_else(|| unrecognised(path, place))),
    }
}

/// Begins to write an image in the format that the extension of the path names.
///
/// # Errors
///
/// [`ImageError::Unsupported`] for an unknown extension or an image that the format cannot hold,
/// [`ImageError::Io`] if the operating system refuses.
pub fn create(
    path: impl AsRef<Path>,
    target: Target,
    options: &WriteOptions,
) -> Result<Box<dyn Sink>, ImageError> {
    let path = path.as_ref();
    match by_extension(path) {
        Some(format) => format.create(path, target, options),
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
/// ```
/// use coverslip_image::{Image, read_image, write_image};
/// use ndarray::arr2;
///
/// let image = Image::new(arr2(&[[0_u16, 500], [7, 9]]), "yx".parse()?)?;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("small.ome.tif");
/// write_image(&path, &image)?;
/// assert_eq!(read_image(&path)?.pixels(), image.pixels());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`ImageError::Unsupported`] for an unknown extension or an image that the format cannot hold,
/// [`ImageError::Io`] if the operating system refuses.
pub fn write_image(path: impl AsRef<Path>, image: &Image) -> Result<(), ImageError> {
    write_image_with(path, image, &WriteOptions::default())
}

/// Writes a whole image with options.
///
/// # Errors
///
/// As [`write_image`].
pub fn write_image_with(
    path: impl AsRef<Path>,
    image: &Image,
    options: &WriteOptions,
) -> Result<(), ImageError> {
    let target = Target {
        axes: image.axes().clone(),
        shape: image.shape().to_vec(),
        dtype: image.dtype(),
        metadata: image.metadata().clone(),
        is_labels: false,
    };
    let sink = create(path, target, options)?;
    sink.write(&vec![0; image.shape().len()], image.pixels())?;
    sink.finish()
}

/// Whether the extension of the path is one that image files of a known format have.
pub fn has_image_extension(path: &Path) -> bool {
    by_extension(path).is_some()
}

/// Whether a folder is an image, such as an OME-Zarr.
pub fn is_image_folder(path: &Path) -> bool {
    let place = Place::Folder(path);
    has_image_extension(path) && formats().iter().any(|format| format.recognises(place))
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
    formats().iter().copied().find(|format| format.writes(path))
}

/// Whether the path has one of these extensions, in either case.
fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.contains(&extension.to_ascii_lowercase().as_str()))
}

fn read_head(path: &Path) -> Result<Vec<u8>, ImageError> {
    let read = |path: &Path| -> std::io::Result<Vec<u8>> {
        let mut head = Vec::with_capacity(64);
        File::open(path)?.take(64).read_to_end(&mut head)?;
        Ok(head)
    };
    read(path).map_err(|error| ImageError::io(path, "read", error))
}

fn unrecognised(path: &Path, place: Place) -> ImageError {
    let content = match place {
        Place::File(_, []) => "is empty".to_owned(),
        Place::File(_, head) => {
            format!("starts with {}", describe_head(&head[..head.len().min(7)]))
        }
        Place::Address(_) => "is no OME-Zarr or Zarr".to_owned(),
        Place::Folder(_) => {
            return ImageError::IsFolder {
                path: path.to_owned(),
            };
        }
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
