//! The images of a folder.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use coverslip_image::files::image_name;
use coverslip_image::format::{Listing, list_folder};

/// Why a folder gives no images.
#[derive(Debug)]
pub(crate) enum ListingFault {
    /// The operating system does not list it.
    Refused(io::Error),
    /// It holds none.
    NoImages,
}

/// Two files of one name, which is given without extension.
#[derive(Debug, PartialEq)]
pub(crate) struct SameName {
    pub(crate) name: String,
    pub(crate) first: PathBuf,
    pub(crate) second: PathBuf,
}

/// The images of a folder, at least one, and the names of its other files, both sorted. Hidden files
/// are passed over.
///
/// # Errors
///
/// [`ListingFault`], which a caller puts into the words of what the images are for.
pub(crate) fn list_images(folder: &Path) -> Result<Listing, ListingFault> {
    let listing = list_folder(folder).map_err(ListingFault::Refused)?;
    if listing.images.is_empty() {
        return Err(ListingFault::NoImages);
    }
    Ok(listing)
}

/// Images by their names without extension (`.ome.tif` counts as one).
///
/// # Errors
///
/// The first two files that differ only in their extension.
pub(crate) fn by_name(images: Vec<PathBuf>) -> Result<BTreeMap<String, PathBuf>, SameName> {
    let mut files = BTreeMap::new();
    for second in images {
        let name = image_name(&second);
        if let Some(first) = files.insert(name.clone(), second.clone()) {
            return Err(SameName {
                name,
                first,
                second,
            });
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_images_by_name_or_says_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert!(matches!(
            list_images(&path("none")),
            Err(ListingFault::Refused(error)) if error.kind() == io::ErrorKind::NotFound
        ));
        std::fs::write(path("notes.txt"), b"").unwrap();
        assert!(matches!(
            list_images(folder.path()),
            Err(ListingFault::NoImages)
        ));
        for name in ["b.tif", "a.ome.tif"] {
            std::fs::write(path(name), b"").unwrap();
        }
        let Listing { images, others } = list_images(folder.path()).unwrap();
        assert_eq!(others, ["notes.txt"]);
        let files = by_name(images.clone()).unwrap();
        let expected = [("a", "a.ome.tif"), ("b", "b.tif")];
        assert_eq!(
            files,
            expected
                .map(|(name, file)| (name.to_owned(), path(file)))
                .into()
        );
        let twice = [images, vec![path("b.png")]].concat();
        assert_eq!(
            by_name(twice).unwrap_err(),
            SameName {
                name: "b".to_owned(),
                first: path("b.tif"),
                second: path("b.png"),
            }
        );
    }
}
