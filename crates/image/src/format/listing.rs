//! Which files of a folder are images.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{has_image_extension, is_image_folder};

/// The files of a folder, without hidden ones and folders; a folder that is a Zarr counts as a
/// file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Files whose extension is that of a known image format, sorted.
    pub images: Vec<PathBuf>,
    /// The names of the other files, sorted.
    pub others: Vec<String>,
}

/// Lists a folder.
///
/// # Errors
///
/// Whatever the operating system says.
pub fn list_folder(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || path.is_dir() && !is_image_folder(&path) {
            continue;
        }
        if has_image_extension(&path) {
            listing.images.push(path);
        } else {
            listing.others.push(name.into_owned());
        }
    }
    listing.images.sort();
    listing.others.sort();
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_sorted_and_leaves_out_folders_and_hidden_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.tif", "a.PNG", ".c.tif", "notes.txt"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        fs::create_dir(folder.path().join("d.tif")).unwrap();
        let listing = list_folder(folder.path()).unwrap();
        let names = ["a.PNG", "b.tif"].map(|name| folder.path().join(name));
        assert_eq!(listing.images, names);
        assert_eq!(listing.others, ["notes.txt"]);
    }
}
