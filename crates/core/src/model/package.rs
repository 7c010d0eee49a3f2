//! Model packages: everything that prediction needs, and nothing that could run.
//!
//! A package is a folder with `model.yaml` ([`Description`]), `weights.safetensors` (the state
//! dict), and a preview picture. Both files are data; a package from a stranger is safe to open.

mod description;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use coverslip_nets::NetworkError;

pub use description::{
    DataRecord, Description, FORMAT_VERSION, Origin, TargetRecord, TrainingRecord,
};

use crate::{
    base::{
        error::{Error, Fault},
        files,
    },
    config::{Document, Output, Settings, to_yaml},
    framework::Predictor,
    model::Tiling,
    names::{Named, RegistryError, TargetKind},
    registry::{NetworkBuilder, Registry},
    steps::{postprocess::PostprocessStep, preprocess::PreprocessStep},
    weights::state_dict::{self, StateDict, StateDictError, WeightsError},
};

/// The file that describes a package.
pub const DESCRIPTION: &str = "model.yaml";
/// The file of weights in a package.
pub(crate) const WEIGHTS: &str = "weights.safetensors";

/// A trained model, ready to predict.
pub struct Model {
    /// What `model.yaml` says.
    pub description: Description,
    /// The network with its weights.
    pub predictor: Box<dyn Predictor>,
    /// What an image goes through before.
    pub preprocess: Vec<Box<dyn PreprocessStep>>,
    /// What the output goes through after.
    pub postprocess: Vec<Box<dyn PostprocessStep>>,
    /// How large images are cut and joined.
    pub tiling: Tiling,
    /// What is written.
    pub output: Output,
}

/// A model package that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// Nothing there.
    #[error("`{}` does not exist", path.display())]
    NotFound {
        /// The folder.
        path: PathBuf,
    },
    /// No package there.
    #[error("`{}` is not a model package: it has no `{DESCRIPTION}`", path.display())]
    NotAPackage {
        /// The folder.
        path: PathBuf,
    },
    /// The description cannot be read.
    #[error("`{}` cannot be read: {problem}", path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the place.
        problem: String,
    },
    /// The description asks for something that this program does not have or cannot build.
    #[error("`{}` describes a model that this program cannot build: {problem}", path.display())]
    Parts {
        /// The file.
        path: PathBuf,
        /// What it asks for.
        problem: String,
    },
    /// A package of a later version.
    #[error("`{}` has format version {found}; this program reads version {FORMAT_VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// The weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The weights belong to another network.
    #[error("`{}`: {source}", path.display())]
    StateDict {
        /// The file.
        path: PathBuf,
        /// What is missing, left over or of another shape.
        source: StateDictError,
    },
}

impl Fault for PackageError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { .. } => "check the spelling of the path".to_owned(),
            Self::NotAPackage { .. } => {
                "give the folder `model` inside the folder of a training run".to_owned()
            }
            Self::Description { .. } => "restore the file from the training run".to_owned(),
            Self::Parts { .. } => "restore the file from the training run, or use the version of \
                                   coverslip that it names"
                .to_owned(),
            Self::Version { .. } => "update coverslip".to_owned(),
            Self::Weights(_) | Self::StateDict { .. } => {
                "copy the whole package again: `model.yaml` and `weights.safetensors` belong \
                 together"
                    .to_owned()
            }
        })
    }
}

/// Writes a package into `folder`, which is made if it is missing.
///
/// # Errors
///
/// When a file cannot be written.
pub fn save(folder: &Path, description: &Description, weights: &StateDict) -> Result<(), Error> {
    files::create_folder(folder)?;
    let metadata = ("format", "coverslip".to_owned());
    let bytes = state_dict::to_bytes(weights, Some(metadata))
        .map_err(|error| Error::bug(error.to_string()))?;
    files::write_atomic(&folder.join(WEIGHTS), &bytes)?;
    let tree = serde_json::to_value(description).map_err(|error| Error::bug(error.to_string()))?;
    files::write_atomic(&folder.join(DESCRIPTION), to_yaml(&tree).as_bytes())?;
    Ok(())
}

/// Reads `model.yaml` alone.
///
/// # Errors
///
/// When it is missing, damaged, or of a later version.
pub fn describe(folder: &Path) -> Result<Description, PackageError> {
    let path = folder.join(DESCRIPTION);
    let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
        _ if !folder.exists() => PackageError::NotFound {
            path: folder.to_owned(),
        },
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            PackageError::NotAPackage {
                path: folder.to_owned(),
            }
        }
        _ => PackageError::Description {
            path: path.clone(),
            problem: error.to_string(),
        },
    })?;
    let problem = |problem: String| PackageError::Description {
        path: path.clone(),
        problem,
    };
    let document =
        Document::parse_bytes(DESCRIPTION, &bytes).map_err(|fault| problem(fault.to_string()))?;
    if let Some(fault) = document.faults().first() {
        return Err(problem(fault.to_string()));
    }
    let version = document
        .value()
        .get("format_version")
        .and_then(serde_json::Value::as_u64);
    match version {
        Some(FORMAT_VERSION) => {}
        Some(found) => {
            return Err(PackageError::Version {
                path: path.clone(),
                found,
            });
        }
        None => return Err(problem("its `format_version` is not a number".to_owned())),
    }
    let description: Description = serde_json::from_value(document.value().clone())
        .map_err(|error| problem(error.to_string()))?;
    description.check().map_err(problem)?;
    Ok(description)
}

/// Opens a package to predict with it on `device`.
///
/// # Errors
///
/// When a file is missing or damaged, a name is unknown, or weights and network do not fit; the
/// message names every missing, left-over and misshapen tensor.
pub fn load(folder: &Path, registry: &Registry, device: &Device) -> Result<Model, Error> {
    let description = describe(folder)?;
    let path = folder.join(WEIGHTS);
    let (weights, _) = state_dict::read(&path).map_err(PackageError::from)?;
    let model = build(description, &weights, registry, device);
    model.map_err(|error| {
        if let Some(source) = error.downcast_ref::<StateDictError>() {
            let source = source.clone();
            PackageError::StateDict { path, source }.into()
        } else if error.is::<RegistryError>() || error.is::<NetworkError>() {
            PackageError::Parts {
                path: folder.join(DESCRIPTION),
                problem: error.to_string(),
            }
            .into()
        } else {
            error
        }
    })
}

/// A model of a description and weights that predicts on `device`, without gradients.
///
/// # Errors
///
/// As [`load`], without the files.
pub fn build(
    description: Description,
    weights: &StateDict,
    registry: &Registry,
    device: &Device,
) -> Result<Model, Error> {
    let parts = NetworkBuilder {
        registry,
        network: &description.network,
        io: description.io,
        target_kind: description.target.kind,
        seed: 0,
        exact_conv: description.exact_conv,
        device: device.clone(),
    };
    let framework = &registry.frameworks.get(&description.framework.name)?.build;
    let predictor = framework.predictor(&description.framework, &parts, weights)?;
    Ok(Model {
        predictor,
        preprocess: preprocess_steps(&description.preprocess, registry)?,
        postprocess: postprocess_steps(&description.postprocess, registry)?,
        tiling: description.tiling(),
        output: description
            .predict
            .output
            .unwrap_or(match description.target.kind {
                TargetKind::Image => Output::Values,
                TargetKind::Semantic | TargetKind::Instance => Output::Labels,
            }),
        description,
    })
}

/// Builds the named steps of preprocessing.
///
/// # Errors
///
/// When a name is unknown or its options do not fit.
pub fn preprocess_steps(
    steps: &[Named],
    registry: &Registry,
) -> Result<Vec<Box<dyn PreprocessStep>>, Error> {
    steps
        .iter()
        .map(|named| (registry.preprocess.get(&named.name)?.build)(named))
        .collect()
}

/// The settings with steps of preprocessing that name no file, so that a package of them needs nothing
/// beside it.
///
/// # Errors
///
/// When a step cannot be built, such as for a file that cannot be read.
pub fn without_files(settings: &Settings, registry: &Registry) -> Result<Settings, Error> {
    let mut settings = settings.clone();
    let data = &mut settings.data;
    for named in data
        .preprocess
        .iter_mut()
        .chain(&mut data.target_preprocess)
    {
        let step = (registry.preprocess.get(&named.name)?.build)(named)?;
        if let Some(options) = step.without_files()? {
            named.options = options;
        }
    }
    Ok(settings)
}

fn postprocess_steps(
    steps: &[Named],
    registry: &Registry,
) -> Result<Vec<Box<dyn PostprocessStep>>, Error> {
    steps
        .iter()
        .map(|named| {
            let entry = registry.postprocess.get(&named.name)?;
            (entry.build)(&entry.description.renamed(named))
        })
        .collect()
}
