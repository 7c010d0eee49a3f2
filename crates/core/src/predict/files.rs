//! Files and folders of images through a model.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use coverslip_algorithms::AlgorithmError;
use coverslip_image::{
    ImageError,
    format::{OpenOptions, WriteOptions, create, open_with},
    source::{ImageInfo, InMemory, Source},
};

use super::{
    PredictError,
    inputs::{OutputFormat, find_images, outputs},
    road::{Road, Room},
    target::channels,
};
use crate::{
    base::{
        error::{Error, Interrupted},
        files,
        monitor::Monitor,
    },
    framework::Pass,
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
    /// Which of several predictions; for frameworks that draw.
    pub pass: Pass,
}

impl Default for PredictOptions {
    fn default() -> Self {
        Self {
            open: OpenOptions::default(),
            format: None,
            write: WriteOptions::default(),
            memory: 2 << 30,
            pass: Pass::default(),
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
            Err(error) if error.is::<Interrupted>() => {
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

/// Predicts one image: as one part where the memory allows.
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
    // Half of the memory is the network's.
    let bytes = options.memory / 2;
    let (source, room): (Arc<dyn Source>, _) = if needed(model, source.info()) <= u128::from(bytes)
    {
        (Arc::new(InMemory::new(source.read()?)), Room::Whole)
    } else {
        let folder = output
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        (source.into(), Room::Parts { bytes, folder })
    };
    let road = Road {
        model,
        source,
        room,
        pass: options.pass,
        monitor,
        stop,
    };
    road.run(&mut |target| create(output, target, &options.write))
}

/// Bytes of memory for an image in one part: as read, as numbers, padded, and the sums of tiles twice;
/// then labels three times.
fn needed(model: &Model, info: &ImageInfo) -> u128 {
    let samples: u128 = info.shape.iter().map(|&length| length as u128).product();
    let scale: usize = model.predictor.scale().iter().product();
    let channels = channels(model) as u128;
    info.bytes() + samples * 8 + samples * scale as u128 * (2 * channels + 3) * 4
}

/// Whether no image would fare better, because it is the model, an option or the disk of the
/// results that is at fault.
fn is_of_all(error: &Error, output: &Path) -> bool {
    let is_output = |path: &Path| path == output || output.starts_with(path);
    let path = error.downcast_ref().and_then(ImageError::path);
    path.is_some_and(is_output)
        || matches!(
            error.downcast_ref(),
            Some(
                PredictError::CropImpossible
                    | PredictError::Algorithm {
                        source: AlgorithmError::TileTooSmall { .. }
                            | AlgorithmError::Parameter { .. }
                    }
            )
        )
}
