//! Model packages from weights that other programs trained.

mod channels;
mod network;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use coverslip_nets::{NetworkIo, weights::LoadReport};

pub use network::{Target, configure};

use crate::{
    base::error::{Error, Fault},
    config::{Config, Settings},
    model::package::{self, DataRecord, Description, Origin, TrainingRecord},
    names::TargetKind,
    registry::Registry,
    weights::{
        patterns::names,
        state_dict::{self, StateDict, StateDictError},
        weights_file::{Choice, OpenFile, WeightsFile, WeightsFileError},
    },
};

/// What to make a package of.
pub struct Request<'a> {
    /// The file of weights.
    pub file: &'a Path,
    /// Which of its tensors.
    pub choice: Choice,
    /// The network, and all that prediction needs beside it.
    pub config: Config,
    /// Channels of the network's input; found from the weights when absent.
    pub in_channels: Option<usize>,
    /// Channels of the network's output; the classes of the config, or found from the weights, when
    /// absent.
    pub out_channels: Option<usize>,
    /// Whether tensors may be missing, left over or of another shape.
    pub is_partial: bool,
}

/// A package that has not been written.
pub struct Imported {
    /// What `model.yaml` will say.
    pub description: Description,
    /// The weights of the whole network.
    pub weights: StateDict,
    /// What became of each tensor.
    pub report: LoadReport,
    /// Tensors of the file that were not meant.
    pub set_aside: Vec<String>,
}

/// Weights that no package can be made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// One class only.
    #[error("`{}` belongs to a network of 1 output channel, and `{}` targets have a channel for each of at least 2 classes", path.display(), target.word())]
    OneClass {
        /// The file.
        path: PathBuf,
        /// What the target is said to be.
        target: TargetKind,
    },
}

impl Fault for ImportError {
    fn hint(&self) -> Option<String> {
        let Self::OneClass { .. } = self;
        Some(
            "import it with `--target image` (in a config, `data.target_kind: image`): predictions are then \
             the values that the network gives"
                .to_owned(),
        )
    }
}

/// Reads weights into the network that a config names.
///
/// # Errors
///
/// When the file or the config cannot be used, or weights and network do not fit and the request does
/// not allow that.
pub fn import(request: &Request<'_>, registry: &Registry) -> Result<Imported, Error> {
    let Request { file, config, .. } = request;
    let mut settings = package::without_files(&config.settings, registry)?;
    let opened = OpenFile::open(file)?;
    let io = network_io(&opened, request, &mut settings, registry)?;
    let network = registry.network(&settings.network, io, settings.seed)?;
    let names = names(&network);
    let found = opened.read(&request.choice, &|name| names.contains(name))?;
    let (network, report) = found.load(network);
    if !report.is_complete() && (!request.is_partial || report.matched.is_empty()) {
        return Err(WeightsFileError::misfit(file, report, &found).into());
    }
    let weights = state_dict::collect(&network);
    let description = describe(&settings, io, file, &found);
    // All its parts must be there before the package is.
    package::build(description.clone(), &weights, registry, &Device::flex())?;
    Ok(Imported {
        description,
        weights,
        report,
        set_aside: found.set_aside,
    })
}

/// What the network connects: what was asked for, else what the config says, else what the shapes of
/// the weights say, else one channel.
fn network_io(
    opened: &OpenFile,
    request: &Request<'_>,
    settings: &mut Settings,
    registry: &Registry,
) -> Result<NetworkIo, Error> {
    let data = &mut settings.data;
    let dimensions = data.spatial_axes();
    let is_open = data.target_kind == TargetKind::Semantic && data.classes.is_none();
    let classes = data.class_count().filter(|_| !is_open);
    let in_channels = request.in_channels.or(data.channels.as_ref().map(Vec::len));
    let out_channels = request.out_channels.or(classes);
    let build = |io| registry.network(&settings.network, io, settings.seed);
    let found = channels::find(dimensions, &build, &|network| {
        let names = names(network);
        opened.shapes(&request.choice, &|name| names.contains(name))
    })?;
    let io = NetworkIo {
        in_channels: in_channels.or(found.input).unwrap_or(1),
        out_channels: out_channels.or(found.output).unwrap_or(1),
        dimensions,
    };
    if is_open {
        if io.out_channels < 2 {
            return Err(ImportError::OneClass {
                path: request.file.to_owned(),
                target: settings.data.target_kind,
            }
            .into());
        }
        settings.data.classes = Some(io.out_channels);
    }
    Ok(io)
}

fn describe(settings: &Settings, io: NetworkIo, file: &Path, found: &WeightsFile) -> Description {
    let training = TrainingRecord {
        coverslip_version: env!("CARGO_PKG_VERSION").to_owned(),
        date: jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        seed: settings.seed,
        epochs: 0,
        best_epoch: 0,
        data: DataRecord {
            training_images: 0,
            validation_images: 0,
            fingerprint: String::new(),
        },
        scores: BTreeMap::new(),
        started_from: Some(Origin::new(file, found)),
    };
    Description::new(settings, io, training)
}

impl WeightsFileError {
    /// Weights of another network.
    fn misfit(path: &Path, report: LoadReport, found: &WeightsFile) -> Self {
        let prefix = Choice::likely_prefix(&report.unexpected);
        Self::Misfit {
            path: path.to_owned(),
            source: Box::new(StateDictError(report)),
            prefix,
            parts: found.parts.clone(),
        }
    }
}
