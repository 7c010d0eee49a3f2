//! The one error of this crate: what went wrong, whose fault it is, and what to do.

use std::path::PathBuf;

use coverslip_algorithms::{AlgorithmError, large::OutOfCoreError};
use coverslip_image::ImageError;
use coverslip_nets::NetworkError;

use crate::{
    base::{devices::DeviceError, files::FileError},
    config::ConfigError,
    data::DataError,
    evaluate::EvaluateError,
    model::{export::ExportError, import::ImportError, package::PackageError},
    names::RegistryError,
    predict::PredictError,
    steps::{algorithm::ReferenceError, operation::OperationError, postprocess::PostprocessError},
    tools::{coco::CocoFileError, convert::ConvertError},
    train::{fine_tuning::FineTuningError, trainer::ResumeError},
    weights::{
        state_dict::{StateDictError, WeightsError},
        weights_file::WeightsFileError,
    },
};

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The config cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A name or its options cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The network's options do not fit together.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The device is not there.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The training data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An image cannot be read or written.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// An algorithm is not defined for what it was given.
    #[error(transparent)]
    Algorithm(#[from] AlgorithmError),
    /// The reference of a step of preprocessing cannot be used.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A step of post-processing does not fit.
    #[error(transparent)]
    Postprocess(#[from] PostprocessError),
    /// A model package cannot be used.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// An image cannot be predicted.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// An operation cannot be done on an image.
    #[error("`{name}` cannot be done: {source}")]
    Operation {
        /// The operation.
        name: String,
        /// Why.
        source: Box<OperationError>,
    },
    /// An image cannot be converted as asked.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// Annotations and label images cannot be made of each other.
    #[error(transparent)]
    Coco(#[from] CocoFileError),
    /// Predictions cannot be compared with targets.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Weights do not fit the network.
    #[error(transparent)]
    StateDict(#[from] StateDictError),
    /// A file of weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A file of weights from elsewhere cannot be used.
    #[error(transparent)]
    WeightsFile(#[from] WeightsFileError),
    /// A package of imported weights cannot be made.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Training cannot start from the weights it was given.
    #[error(transparent)]
    FineTuning(#[from] FineTuningError),
    /// Weights cannot be exported as asked.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A run cannot be resumed.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// A file or folder cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The output folder holds a run already.
    #[error("`{}` already holds a training run", path.display())]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// There is no run to resume.
    #[error("`{}` holds no run that could be resumed", path.display())]
    NothingToResume {
        /// The folder.
        path: PathBuf,
    },
    /// A run is resumed with other settings.
    #[error("`{}` was started with other settings; these differ: {}", path.display(), keys.join(", "))]
    OtherSettings {
        /// The folder.
        path: PathBuf,
        /// The keys that differ.
        keys: Vec<String>,
    },
    /// The config of a new run would replace a file of the user's.
    #[error("`{}` is not the config of a run, and the run would replace it", path.display())]
    ConfigInTheWay {
        /// The file.
        path: PathBuf,
    },
    /// The network cannot compute images of a size.
    #[error("the network cannot compute images of {size:?} (z, y, x); it takes {allowed}")]
    InputSize {
        /// The size that was asked for, `[Z, Y, X]`.
        size: [usize; 3],
        /// What the network takes, in words.
        allowed: String,
        /// A size nearby that it takes.
        nearest: [usize; 3],
    },
    /// The network cannot compute patches of the config's size.
    #[error("the network cannot compute patches of {patch:?}; it takes {allowed}")]
    PatchSize {
        /// The size of a patch along Y and X, or Z, Y and X.
        patch: Vec<usize>,
        /// What the network takes, in words.
        allowed: String,
        /// A size nearby that it takes.
        nearest: Vec<usize>,
    },
    /// The schedule follows a score that validation does not give.
    #[error("the schedule follows the score `{name}`, but validation gives {}", known.join(", "))]
    UnknownScore {
        /// The score.
        name: String,
        /// The scores there are.
        known: Vec<String>,
    },
    /// Training went astray.
    #[error("the loss is no longer a finite number at epoch {epoch}, step {step}")]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The step in it, from 1.
        step: usize,
    },
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
    /// A fault of this program.
    #[error("{0}")]
    Bug(String),
}

impl From<OutOfCoreError> for Error {
    fn from(error: OutOfCoreError) -> Self {
        match error {
            OutOfCoreError::Algorithm(error) => Self::Algorithm(error),
            OutOfCoreError::Image(error) => Self::Image(error),
            other => Self::Bug(other.to_string()),
        }
    }
}

impl Error {
    /// What the user can do, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Registry(error) => error.hint(),
            Self::Device(error) => Some(error.hint()),
            Self::Data(error) => error.hint(),
            Self::Image(error) => error.hint(),
            Self::Reference(error) => error.hint(),
            Self::Postprocess(error) => Some(error.hint()),
            Self::Package(error) => error.hint(),
            Self::Predict(error) => error.hint(),
            Self::Convert(error) => Some(error.hint()),
            Self::Operation { source, .. } => source.hint(),
            Self::Coco(error) => error.hint(),
            Self::Evaluate(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::WeightsFile(error) => error.hint(),
            Self::Import(error) => Some(error.hint()),
            Self::FineTuning(error) => Some(error.hint()),
            Self::Export(error) => Some(error.hint()),
            Self::RunExists { .. } => Some(
                "continue it with `--resume`, or choose another folder with `--out`".to_owned(),
            ),
            Self::NothingToResume { .. } => {
                Some("leave out `--resume` to start a new run".to_owned())
            }
            Self::OtherSettings { .. } => Some(
                "resume with the run's own `config.yaml` (only `training.epochs` and `device` may differ), or \
                 start a new run in another folder"
                    .to_owned(),
            ),
            Self::UnknownScore { .. } => {
                Some("set `monitor` of the schedule to one of these".to_owned())
            }
            Self::Diverged { .. } => Some(
                "lower the learning rate, e.g. `--set optimizer.adam.learning_rate=0.0003`, and \
                 check that the images are normalised"
                    .to_owned(),
            ),
            Self::StateDict(_) | Self::Weights(_) => {
                Some("use the weights that belong to this network".to_owned())
            }
            Self::Resume(_) => Some(
                "restore the file if you have a copy, or start a new run in another folder"
                    .to_owned(),
            ),
            Self::InputSize { nearest, .. } => Some(format!("a size nearby is {nearest:?}")),
            Self::PatchSize { nearest, .. } => Some(format!(
                "set `data.patch.size` to {nearest:?}, or give the network fewer levels"
            )),
            Self::ConfigInTheWay { .. } => {
                Some("choose another folder with `--out`, or move the file".to_owned())
            }
            Self::Network(_) => Some(
                "change the option; `coverslip networks NAME` describes those of a network"
                    .to_owned(),
            ),
            Self::Algorithm(error) => error.hint(),
            Self::Interrupted | Self::Bug(_) => None,
        }
    }

    /// Whether the user can mend it; otherwise it is a fault of this program.
    pub fn is_users(&self) -> bool {
        !matches!(self, Self::Bug(_))
    }
}
