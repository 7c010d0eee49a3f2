//! Why a command failed.

use std::path::PathBuf;

use coverslip::base::error::{Error, Fault};
use coverslip::names::RegistryError;
use serde_json::{Value, json};

use crate::interrupt::INTERRUPTED_CODE;

/// The exit code for a fault of the program.
pub(crate) const INTERNAL_CODE: u8 = 1;
/// The exit code for what the user can mend.
pub(crate) const USER_CODE: u8 = 2;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The library could not do its work.
    #[error(transparent)]
    Core(#[from] Error),
    /// Some of several images cannot be read; each was reported where it came up.
    #[error("{failed} of {total} files cannot be read")]
    Images {
        /// Files that cannot be read.
        failed: usize,
        /// Files that were asked for.
        total: usize,
    },
    /// Some of several images cannot be predicted; each was reported where it came up.
    #[error("{failed} of {total} images could not be predicted")]
    Predictions {
        /// Images that could not be predicted.
        failed: usize,
        /// Images that were asked for.
        total: usize,
    },
    /// The user pressed Ctrl-C; what was done is saved.
    #[error("interrupted; what was done is saved")]
    Interrupted {
        /// What to type to go on.
        resume: Option<String>,
    },
    /// The operating system does not let us hear of Ctrl-C.
    #[error("cannot listen to Ctrl-C: {source}")]
    Signals {
        /// What it said.
        source: ctrlc::Error,
    },
    /// The registry was filled wrongly.
    #[error(transparent)]
    Registry(RegistryError),
    /// No preset has that name.
    #[error("no preset is named `{name}`")]
    UnknownPreset {
        /// The name that was asked for.
        name: String,
        /// The most similar one.
        nearest: Option<&'static str>,
    },
    /// An option of an operation cannot be read.
    #[error("`--set {text}` cannot be read: {problem}")]
    Option {
        /// What was given.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An operation is to be done, but its result has no place.
    #[error("there is no place for the result")]
    NoOutput,
    /// Not exactly one of input and output are annotations.
    #[error(
        "{} of input and output are annotations (.json); the other one has to be label images",
        if *both { "both" } else { "none" }
    )]
    CocoDirection {
        /// Whether both are, or none.
        both: bool,
    },
    /// A file would be overwritten.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The threads cannot be started.
    #[error("cannot start {count} threads: {source}")]
    Threads {
        /// Threads that were asked for.
        count: usize,
        /// What the operating system said.
        source: rayon::ThreadPoolBuildError,
    },
}

impl CliError {
    /// The remedy.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Core(error) => error.hint(),
            Self::Images { .. } | Self::Predictions { .. } | Self::Signals { .. } => None,
            Self::Interrupted { resume } => resume
                .as_ref()
                .map(|command| format!("go on with `{command}`")),
            Self::Registry(error) => error.hint(),
            Self::UnknownPreset {
                nearest: Some(name),
                ..
            } => Some(format!(
                "did you mean `{name}`? `coverslip presets` lists them all"
            )),
            Self::UnknownPreset { .. } => Some("`coverslip presets` lists them all".to_owned()),
            Self::Option { .. } => Some(
                "write KEY=VALUE, such as sigma=2; `coverslip op NAME` lists the keys".to_owned(),
            ),
            Self::NoOutput => Some("name the file with `-o FILE`".to_owned()),
            Self::CocoDirection { .. } => Some(
                "write `coverslip coco annotations.json FOLDER` or `coverslip coco FOLDER annotations.json`"
                    .to_owned(),
            ),
            Self::Exists { .. } => {
                Some("choose another name, or replace the file with `--force`".to_owned())
            }
            Self::Threads { .. } => Some("ask for fewer with `--threads`".to_owned()),
        }
    }

    /// Whether the command's own JSON result says it, together with what was done nevertheless.
    pub(crate) fn is_in_result(&self) -> bool {
        matches!(
            self,
            Self::Images { .. } | Self::Predictions { .. } | Self::Interrupted { .. }
        )
    }

    /// Adds error, remedy and exit code to a command's JSON result.
    pub(crate) fn add_to(&self, result: &mut Value) {
        result["error"] = json!(self.to_string());
        result["hint"] = json!(self.hint());
        result["code"] = json!(self.code());
    }

    /// 2 for what the user can mend, 1 for a fault of the program.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Core(error) if !error.is_users() => INTERNAL_CODE,
            Self::Registry(_) | Self::Signals { .. } => INTERNAL_CODE,
            Self::Interrupted { .. } => INTERRUPTED_CODE,
            _ => USER_CODE,
        }
    }
}
