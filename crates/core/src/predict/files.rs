//! Files and folders of images through a model.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use coverslip_image::{
    AlgorithmError, ImageError,
    files::{image_name, list_folder},
    read_image, write_image,
};

use super::{PredictError, predict_image};
use crate::{data::DataError, error::Error, files, monitor::Monitor, package::Model};

/// What a prediction of files came to.
#[derive(Debug, Default)]
pub struct PredictedFiles {
    /// The files written, in the order of the inputs.
    pub written: Vec<PathBuf>,
    /// Inputs that could not be predicted, and why.
    pub failed: Vec<(PathBuf, Error)>,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// Predicts every image of `inputs` (files, or folders of them) into the folder `output`, as TIFF
/// under the name of the input.
///
/// An image that cannot be predicted does not keep the others from being predicted.
///
/// # Errors
///
/// When an input does not exist or a folder holds no images, two inputs would have the same output,
/// or the output cannot be written.
pub fn predict_files(
    model: &Model,
    inputs: &[PathBuf],
    output: &Path,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<PredictedFiles, Error> {
    let images = find_images(inputs)?;
    let outputs = outputs(&images, output)?;
    files::create_folder(output)?;
    let task = monitor.begin("images", images.len() as u64);
    let mut result = PredictedFiles::default();
    for (input, path) in images.iter().zip(outputs) {
        if stop.load(Ordering::Relaxed) {
            result.interrupted = true;
            break;
        }
        let predicted = read_image(input)
            .map_err(Error::from)
            .and_then(|image| predict_image(model, &image, monitor));
        match predicted {
            // A disk that is full for one result is full for all.
            Ok(image) => write_image(&path, &image).map(|()| result.written.push(path))?,
            Err(error) if is_of_all(&error) => return Err(error),
            Err(error) => result.failed.push((input.clone(), error)),
        }
        task.advance(1, &input.file_name().unwrap_or_default().to_string_lossy());
    }
    Ok(result)
}

/// Whether no image would fare better, because it is the model or an option that is at fault.
fn is_of_all(error: &Error) -> bool {
    matches!(
        error,
        Error::Predict(
            PredictError::CropImpossible
                | PredictError::Algorithm {
                    source: AlgorithmError::TileTooSmall { .. } | AlgorithmError::Parameter { .. }
                }
        )
    )
}

/// All images of files and folders, those of a folder by name, each once.
fn find_images(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut images = Vec::new();
    for input in inputs {
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
        let failed = |cause| DataError::Io {
            path: input.clone(),
            cause,
        };
        let found = list_folder(input).map_err(failed)?.images;
        if found.is_empty() {
            let extensions = coverslip_image::format::known_extensions();
            return Err(DataError::NoImages {
                path: input.clone(),
                extensions,
            }
            .into());
        }
        images.extend(found);
    }
    let mut known = BTreeSet::new();
    images.retain(|image| image.canonicalize().map_or(true, |path| known.insert(path)));
    Ok(images)
}

fn outputs(images: &[PathBuf], folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut taken: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    let mut outputs = Vec::new();
    for image in images {
        let path = folder.join(format!("{}.tif", image_name(image)));
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
