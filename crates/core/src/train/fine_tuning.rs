//! Training that starts from weights there are, and leaves some of them as they are.

use std::path::{Path, PathBuf};

use coverslip_nets::{
    AnyNetwork,
    weights::{self, LoadReport},
};
use wildmatch::WildMatch;

use crate::{
    base::{
        error::{Error, Fault},
        monitor::Monitor,
        words::instead,
    },
    config::{InitialWeights, Settings},
    model::package::{self, Origin, PackageError},
    weights::{
        patterns::{LISTED, Unmatched, matches, names, patterns, unmatched},
        state_dict::StateDict,
        weights_file::OpenFile,
    },
};

/// What a network starts training with.
pub struct FineTuning {
    weights: Option<StateDict>,
    frozen: Vec<WildMatch>,
    /// Where the weights come from; nowhere for random ones and for a resumed run.
    pub origin: Option<Origin>,
}

/// Weights that cannot be started from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FineTuningError {
    /// Not one tensor has its counterpart.
    #[error("no tensor of `{}` has the name and the shape of one of the network's{}", path.display(), instead(found, LISTED))]
    NothingFits {
        /// The file.
        path: PathBuf,
        /// Names in it that the network does not have.
        found: Vec<String>,
    },
    /// A pattern that means nothing.
    #[error("`freeze`: {0}")]
    Pattern(Unmatched),
    /// Nothing to train.
    #[error("`freeze` leaves no weight to train")]
    AllFrozen,
}

impl Fault for FineTuningError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NothingFits { .. } => {
                "train the network that the weights belong to, or choose the \
                                         tensors with `initial_weights.key` and `.strip`"
                    .to_owned()
            }
            Self::Pattern(unmatched) => format!("allowed: {}", unmatched.remedy()),
            Self::AllFrozen => "leave out the pattern that the last layers match".to_owned(),
        })
    }
}

impl FineTuning {
    /// Reads what the settings name for `network`, and tells what becomes of each tensor. A resumed run
    /// has its weights from its checkpoint.
    ///
    /// # Errors
    ///
    /// When the weights cannot be read or nothing of them fits, or a pattern of `freeze` matches no
    /// tensor, or all.
    pub fn prepare(
        settings: &Settings,
        network: &AnyNetwork,
        is_resumed: bool,
        monitor: &dyn Monitor,
    ) -> Result<Self, Error> {
        let mut tuning = Self {
            weights: None,
            frozen: patterns(&settings.freeze),
            origin: None,
        };
        tuning.check_frozen(&settings.freeze, network, monitor)?;
        if let (Some(initial), false) = (&settings.initial_weights, is_resumed) {
            let path = weights_path(&initial.from)?;
            tuning.read(initial, &path, network, monitor)?;
        }
        Ok(tuning)
    }

    /// Gives a network its first weights, and takes the frozen ones out of its training.
    pub fn apply(&self, network: AnyNetwork) -> AnyNetwork {
        let network = match &self.weights {
            Some(weights) => weights::load(network, weights).0,
            None => network,
        };
        if self.frozen.is_empty() {
            return network;
        }
        weights::freeze(network, &|name| matches(&self.frozen, name))
    }

    fn read(
        &mut self,
        initial: &InitialWeights,
        path: &Path,
        network: &AnyNetwork,
        monitor: &dyn Monitor,
    ) -> Result<(), Error> {
        let names = names(network);
        let is_known = |name: &str| names.contains(name);
        let found = OpenFile::open(path)?.read(&initial.choice(), &is_known)?;
        let (_, report) = found.load(network.clone());
        if report.matched.is_empty() {
            return Err(FineTuningError::NothingFits {
                path: path.to_owned(),
                found: report.unexpected,
            }
            .into());
        }
        tell(&report, path, monitor);
        self.origin = Some(Origin::new(&initial.from, &found));
        self.weights = Some(found.weights);
        Ok(())
    }

    fn check_frozen(
        &self,
        freeze: &[String],
        network: &AnyNetwork,
        monitor: &dyn Monitor,
    ) -> Result<(), FineTuningError> {
        if let Some(unmatched) = unmatched(freeze, network) {
            return Err(FineTuningError::Pattern(unmatched));
        }
        let tensors = weights::tensors(network);
        let is_frozen = |names: &[String]| names.iter().any(|name| matches(&self.frozen, name));
        let mut learned = tensors.iter().filter(|tensor| tensor.is_learned);
        if learned.all(|tensor| is_frozen(&tensor.names)) {
            return Err(FineTuningError::AllFrozen);
        }
        let frozen = tensors.iter().filter(|tensor| is_frozen(&tensor.names));
        let count = frozen.count();
        if count > 0 {
            monitor.note(&format!("frozen: {count} of {} tensors", tensors.len()));
        }
        Ok(())
    }
}

/// The file of weights in a package, or the file that was named.
fn weights_path(from: &Path) -> Result<PathBuf, PackageError> {
    if !from.is_dir() {
        return Ok(from.to_owned());
    }
    package::describe(from)?;
    Ok(from.join(package::WEIGHTS))
}

/// A line for each tensor.
fn tell(report: &LoadReport, path: &Path, monitor: &dyn Monitor) {
    monitor.note(&format!("first weights from `{}`", path.display()));
    for name in &report.matched {
        monitor.note(&format!("  {name}: taken"));
    }
    for tensor in &report.misshapen {
        monitor.note(&format!(
            "  {}: random, because it is {:?} there and {:?} here",
            tensor.name, tensor.found, tensor.expected
        ));
    }
    for name in &report.missing {
        monitor.note(&format!("  {name}: random, because it is not there"));
    }
    for name in &report.unexpected {
        monitor.note(&format!("  {name}: not used, because the network has none"));
    }
    monitor.note(&format!(
        "first weights: {} tensors taken, {} random, {} not used",
        report.matched.len(),
        report.misshapen.len() + report.missing.len(),
        report.unexpected.len()
    ));
}
