//! Why a run cannot start or be resumed.

use std::path::PathBuf;

use crate::base::error::Fault;

/// A run that cannot start, or cannot be resumed, in a folder or with a config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
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
}

impl Fault for RunError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::RunExists { .. } => {
                "continue it with `--resume`, or choose another folder with `--out`".to_owned()
            }
            Self::NothingToResume { .. } => "leave out `--resume` to start a new run".to_owned(),
            Self::OtherSettings { .. } => {
                "resume with the run's own `config.yaml` (only `training.epochs` and `device` may differ), or \
                 start a new run in another folder"
                    .to_owned()
            }
            Self::ConfigInTheWay { .. } => {
                "choose another folder with `--out`, or move the file".to_owned()
            }
            Self::PatchSize { nearest, .. } => format!(
                "set `data.patch.size` to {nearest:?}, or give the network fewer levels"
            ),
        })
    }
}
