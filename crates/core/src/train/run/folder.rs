//! The folder of a run: its files, and whether a run may start or go on there.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::RunError;
use burn::tensor::Device;

use crate::{
    base::{error::Error, files},
    config::{Config, Document},
    framework::Framework,
    train::trainer::{Checkpoints, ResumeError, parts},
    weights::state_dict::StateDict,
};

const CONFIG: &str = "config.yaml";

/// The first line of a run's config.
const HEADER: &str = "# The settings of this run, with every default.";

/// Settings that a resumed run may change.
const MAY_CHANGE: [&str; 2] = ["/training/epochs", "/device"];

/// The folder of a run.
pub(super) struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Checks that a new run can go into the folder, or that the run there can be resumed with
    /// `config`.
    pub(super) fn open(path: &Path, config: &Config, resume: bool) -> Result<Self, Error> {
        let folder = Self {
            path: path.to_owned(),
        };
        let can_resume = folder.checkpoints().exist();
        let exists = can_resume || folder.log().exists() || folder.model().exists();
        match (exists, resume) {
            (_, true) if can_resume => folder.check_settings(config)?,
            (true, false) => {
                return Err(RunError::RunExists {
                    path: path.to_owned(),
                }
                .into());
            }
            (_, true) => {
                return Err(RunError::NothingToResume {
                    path: path.to_owned(),
                }
                .into());
            }
            (false, false) => {
                files::check_writable(path)?;
                folder.check_config()?;
            }
        }
        Ok(folder)
    }

    /// Makes the folder, and writes the settings into it.
    pub(super) fn create(&self, config: &Config) -> Result<(), Error> {
        files::create_folder(&self.checkpoint_folder())?;
        let text = format!("{HEADER}\n{}", config.to_yaml()?);
        Ok(files::write_atomic(&self.config(), text.as_bytes())?)
    }

    /// Refuses to replace a config that the user wrote.
    fn check_config(&self) -> Result<(), Error> {
        let path = self.config();
        match std::fs::read(&path) {
            Ok(bytes) if !bytes.starts_with(HEADER.as_bytes()) => {
                Err(RunError::ConfigInTheWay { path }.into())
            }
            _ => Ok(()),
        }
    }

    fn check_settings(&self, config: &Config) -> Result<(), Error> {
        let path = self.config();
        let damaged = |problem: String| ResumeError {
            path: path.clone(),
            problem,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| damaged(error.to_string()))?;
        let saved = Document::parse(CONFIG, &text).map_err(|fault| damaged(fault.to_string()))?;
        let mut saved = saved.value().clone();
        let mut wanted = serde_json::to_value(&config.settings)
            .map_err(|error| Error::bug(error.to_string()))?;
        for pointer in MAY_CHANGE {
            for tree in [&mut saved, &mut wanted] {
                if let Some(value) = tree.pointer_mut(pointer) {
                    *value = Value::Null;
                }
            }
        }
        let mut keys = Vec::new();
        differences("", &saved, &wanted, &mut keys);
        if keys.is_empty() {
            return Ok(());
        }
        Err(RunError::OtherSettings {
            path: self.path.clone(),
            keys,
        }
        .into())
    }

    /// Gives a framework the state of the last checkpoint.
    pub(super) fn restore(
        &self,
        framework: &mut dyn Framework,
        state: &StateDict,
        device: &Device,
    ) -> Result<(), ResumeError> {
        let path = self.checkpoint_folder();
        parts::restore(framework.parts(), state, device)
            .map_err(|problem| ResumeError { path, problem })
    }

    pub(super) fn checkpoints(&self) -> Checkpoints {
        Checkpoints::new(&self.checkpoint_folder())
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("log.jsonl")
    }

    pub(super) fn curves(&self) -> PathBuf {
        self.path.join("curves.svg")
    }

    pub(super) fn samples(&self) -> PathBuf {
        self.path.join("samples")
    }

    pub(super) fn model(&self) -> PathBuf {
        self.path.join("model")
    }

    fn config(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    fn checkpoint_folder(&self) -> PathBuf {
        self.path.join("checkpoints")
    }
}

/// The keys whose values differ between two trees.
fn differences(key: &str, left: &Value, right: &Value, keys: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let names = left
                .keys()
                .chain(right.keys().filter(|name| !left.contains_key(*name)));
            for name in names {
                let child = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                let at = |map: &serde_json::Map<String, Value>| {
                    map.get(name).cloned().unwrap_or(Value::Null)
                };
                differences(&child, &at(left), &at(right), keys);
            }
        }
        (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => {}
        (left, right) if left == right => {}
        _ => keys.push(key.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differing_keys_are_named() {
        let left = json!({"a": {"b": 1, "c": [1]}, "d": 1.0});
        let right = json!({"a": {"b": 2, "c": [1]}, "d": 1, "e": true});
        let mut keys = Vec::new();
        differences("", &left, &right, &mut keys);
        assert_eq!(keys, ["a.b", "e"]);
    }
}
