//! Which images are predicted, and into which files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use coverslip_image::{
    ImageError,
    files::{address, image_name},
};

use super::PredictError;
use crate::{
    base::{error::Error, listing::list_images},
    data::DataError,
};

/// A format of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// TIFF as ImageJ writes it.
    Tiff,
    /// TIFF with OME-XML, tiles and smaller copies.
    OmeTiff,
    /// OME-Zarr.
    OmeZarr,
}

impl OutputFormat {
    /// The format as the command line has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tiff => "tif",
            Self::OmeTiff => "ome-tif",
            Self::OmeZarr => "ome-zarr",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Tiff => "tif",
            Self::OmeTiff => "ome.tif",
            Self::OmeZarr => "ome.zarr",
        }
    }

    /// The format that goes with an input.
    fn like(input: &Path) -> Self {
        let name = input.to_string_lossy().to_lowercase();
        let name = name.trim_end_matches('/').trim_end_matches(".zip");
        if Path::new(name).extension().is_some_and(|end| end == "zarr") {
            Self::OmeZarr
        } else {
            Self::Tiff
        }
    }
}

/// All images of files and folders, those of a folder by name, each once.
pub(super) fn find_images(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut images = Vec::new();
    for input in inputs {
        if address(input).is_some() || is_zarr(input) {
            images.push(input.clone());
            continue;
        }
        if !input.exists() {
            return Err(ImageError::NotFound {
                path: input.clone(),
            }
            .into());
        }
        if input.is_file() {
            images.push(input.clone());
            continue;
        }
        let found = list_images(input).map_err(|fault| DataError::listing(input, fault))?;
        images.extend(found.images);
    }
    let mut known = BTreeSet::new();
    images.retain(|image| image.canonicalize().map_or(true, |path| known.insert(path)));
    Ok(images)
}

/// Whether a folder is an image.
fn is_zarr(path: &Path) -> bool {
    path.is_dir()
        && path
            .extension()
            .is_some_and(|extension| extension == "zarr")
}

/// The files that images are predicted into: in `folder`, under their names.
pub(super) fn outputs(
    images: &[PathBuf],
    folder: &Path,
    format: Option<OutputFormat>,
) -> Result<Vec<PathBuf>, Error> {
    let mut taken: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    let mut outputs = Vec::new();
    for image in images {
        let extension = format
            .unwrap_or_else(|| OutputFormat::like(image))
            .extension();
        let path = folder.join(format!("{}.{extension}", image_name(image)));
        if let Some(first) = taken.insert(path.clone(), image) {
            return Err(PredictError::SameOutput {
                first: first.clone(),
                second: image.clone(),
                output: path,
            }
            .into());
        }
        if is_same_file(image, &path) {
            return Err(PredictError::OverwritesInput { path }.into());
        }
        outputs.push(path);
    }
    Ok(outputs)
}

fn is_same_file(left: &Path, right: &Path) -> bool {
    match (left.canonicalize(), right.canonicalize()) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}
