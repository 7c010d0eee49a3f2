//! What is wrong with a config, and where.

use std::fmt;

use serde::Serialize;

use super::KeyPath;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Origin {
    /// In the text of a config.
    File {
        /// The file as the user named it, or `preset NAME`.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// First byte in the text.
        #[serde(skip)]
        offset: usize,
        /// Number of bytes in the text.
        #[serde(skip)]
        length: usize,
    },
    /// In an argument `--set KEY=VALUE` of the command line.
    Override {
        /// The key as typed.
        set: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                file, line, column, ..
            } => write!(formatter, "{file}:{line}:{column}"),
            Self::Override { set } => write!(formatter, "--set {set}"),
        }
    }
}

/// One thing that is wrong with a config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where it was written.
    #[serde(flatten)]
    pub origin: Origin,
    /// Which value, as in `training.epochs`; empty for the file as a whole.
    pub key: String,
    /// The fact, as in "`training.epochs` is 0".
    pub problem: String,
    /// What may stand there instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// The name that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

impl Fault {
    /// A fault of the value at `path`.
    pub fn new(origin: Origin, path: &KeyPath, problem: impl Into<String>) -> Self {
        Self {
            origin,
            key: path.to_string(),
            problem: problem.into(),
            allowed: None,
            did_you_mean: None,
        }
    }

    /// Says what may stand there instead.
    #[must_use]
    pub fn allowed(mut self, allowed: impl Into<String>) -> Self {
        self.allowed = Some(allowed.into());
        self
    }

    /// Says which name was probably meant.
    #[must_use]
    pub fn did_you_mean(mut self, name: Option<String>) -> Self {
        self.did_you_mean = name;
        self
    }

    /// The remedy in one line: the likely name, then what is allowed.
    pub fn hint(&self) -> Option<String> {
        match (&self.did_you_mean, &self.allowed) {
            (Some(name), Some(allowed)) => {
                Some(format!("did you mean `{name}`? allowed: {allowed}"))
            }
            (Some(name), None) => Some(format!("did you mean `{name}`?")),
            (None, Some(allowed)) => Some(format!("allowed: {allowed}")),
            (None, None) => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.origin, self.problem)?;
        match self.hint() {
            Some(hint) => write!(formatter, "; {hint}"),
            None => Ok(()),
        }
    }
}
