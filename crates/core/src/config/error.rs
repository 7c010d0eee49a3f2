//! Why a config cannot be used.

use std::fmt;
use std::path::PathBuf;

use super::{Fault, Preset};
use crate::{base::error, names::nearest};

/// Why a config cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither a preset nor a file.
    #[error("`{name}` is neither a preset nor a file")]
    NotFound {
        /// The name that was asked for.
        name: String,
        /// The most similar preset.
        nearest: Option<&'static str>,
    },
    /// A folder where a file is expected.
    #[error("`{}` is a folder, not a config file", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// Too large to be a config.
    #[error("`{}` is larger than {limit} bytes, so it is no config", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that a config may have.
        limit: u64,
    },
    /// The operating system did not let us read the file.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The content is at fault.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// Settings that no YAML can hold.
    #[error("cannot write the config: {0}")]
    Write(serde_json::Error),
}

impl ConfigError {
    pub(super) fn not_found(name: &str) -> Self {
        let nearest = nearest(name, Preset::ALL.map(|preset| preset.name));
        Self::NotFound {
            name: name.to_owned(),
            nearest,
        }
    }
}

impl error::Fault for ConfigError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound {
                nearest: Some(preset),
                ..
            } => Some(format!("did you mean the preset `{preset}`?")),
            Self::NotFound { .. } => {
                let names = Preset::ALL.map(|preset| preset.name).join(", ");
                Some(format!(
                    "give a config file (`coverslip init` writes one) or a preset: {names}"
                ))
            }
            Self::Folder { .. } => Some("name the YAML file in it".to_owned()),
            Self::TooLarge { .. } => Some("name the YAML file with the settings".to_owned()),
            Self::Read { .. } => Some("check that you may read the file".to_owned()),
            Self::Faults(faults) => match faults.faults.as_slice() {
                [fault] => fault.hint(),
                _ => None,
            },
            Self::Write(_) => None,
        }
    }
}

/// Every fault of a config, with the text that they point into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The file as named, or `preset NAME`.
    pub source_name: String,
    /// The text that origins in the file point into.
    pub source_text: String,
    /// The faults, at least one.
    pub faults: Vec<Fault>,
}

impl Faults {
    pub(super) fn new(source_name: &str, source_text: String, faults: Vec<Fault>) -> Self {
        Self {
            source_name: source_name.to_owned(),
            source_text,
            faults,
        }
    }

    /// How many faults there are, in a sentence.
    pub fn summary(&self) -> String {
        match self.faults.len() {
            1 => "the config has 1 fault".to_owned(),
            count => format!("the config has {count} faults"),
        }
    }
}

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.summary())?;
        for fault in &self.faults {
            write!(formatter, "\n{fault}")?;
        }
        Ok(())
    }
}
