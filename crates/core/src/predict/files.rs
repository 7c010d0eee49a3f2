//! Files and folders of images through a model.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use coverslip_algorithms::AlgorithmError;
use coverslip_image::{
    Axis, ImageError,
    files::{address, image_name},
    format::{OpenOptions, WriteOptions, list_folder, open_with, write_image_with},
};

use super::{PredictError, predict_image, streamed::predict_source};
use crate::{
    base::{error::Error, files, monitor::Monitor},
    data::DataError,
    model::package::Model,
};

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

/// How files are predicted.
#[derive(Clone, Debug)]
pub struct PredictOptions {
    /// How images are opened.
    pub open: OpenOptions,
    /// The format of the results; left out, OME-Zarr for OME-Zarr and TIFF for all others.
    pub format: Option<OutputFormat>,
    /// How results are written.
    pub write: WriteOptions,
    /// How much memory the process may take, in bytes.
    pub memory: u64,
}

impl Default for PredictOptions {
    fn default() -> Self {
        Self {
            open: OpenOptions::default(),
            format: None,
            write: WriteOptions::default(),
            memory: 2 << 30,
        }
    }
}

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

/// Predicts every image of `inputs` (files, OME-Zarr folders, addresses, or folders of images) into
/// the folder `output`, under the name of the input.
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
    options: &PredictOptions,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<PredictedFiles, Error> {
    let images = find_images(inputs)?;
    let outputs = outputs(&images, output, options.format)?;
    files::create_folder(output)?;
    let task = monitor.begin("images", images.len() as u64);
    let mut result = PredictedFiles::default();
    for (input, path) in images.iter().zip(outputs) {
        if stop.load(Ordering::Relaxed) {
            result.interrupted = true;
            break;
        }
        match predict_file(model, input, &path, options, monitor, stop) {
            Ok(()) => result.written.push(path),
            Err(Error::Interrupted) => {
                result.interrupted = true;
                break;
            }
            Err(error) if is_of_all(&error, &path) => return Err(error),
            Err(error) => result.failed.push((input.clone(), error)),
        }
        task.advance(1, &input.file_name().unwrap_or_default().to_string_lossy());
    }
    Ok(result)
}

/// Predicts one image: in one piece where the memory allows, else part by part.
fn predict_file(
    model: &Model,
    input: &Path,
    output: &Path,
    options: &PredictOptions,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<(), Error> {
    let source = open_with(input, &options.open)?;
    for warning in &source.info().warnings {
        monitor.warn(&format!("`{}`: {warning}", input.display()));
    }
    let info = source.info();
    let pixels: u128 = info.shape.iter().map(|&length| length as u128).product();
    let channels = model.description.io.out_channels as u128;
    // The image as read, as numbers, padded, and the sums of tiles twice; then labels three times.
    let needed = info.bytes() + pixels * 8 + pixels * (2 * channels + 3) * 4;
    let is_small = needed <= u128::from(options.memory / 2);
    if is_small && info.len_of(Axis::T) == 1 {
        let image = predict_image(model, &source.read()?, monitor)?;
        return Ok(write_image_with(output, &image, &options.write)?);
    }
    let written = (output, &options.write);
    // Half of the memory is the network's.
    predict_source(
        model,
        source.into(),
        written,
        options.memory / 2,
        monitor,
        stop,
    )
}

/// Whether no image would fare better, because it is the model, an option or the disk of the
/// results that is at fault.
fn is_of_all(error: &Error, output: &Path) -> bool {
    let is_output = |path: &Path| path == output || output.starts_with(path);
    matches!(error, Error::Image(error) if error.path().is_some_and(is_output))
        || matches!(
            error,
            Error::Predict(
                PredictError::CropImpossible
                    | PredictError::Algorithm {
                        source: AlgorithmError::TileTooSmall { .. }
                            | AlgorithmError::Parameter { .. }
                    }
            )
        )
}

/// All images of files and folders, those of a folder by name, each once.
fn find_images(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
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

/// Whether a folder is an image.
fn is_zarr(path: &Path) -> bool {
    path.is_dir()
        && path
            .extension()
            .is_some_and(|extension| extension == "zarr")
}

fn outputs(
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
