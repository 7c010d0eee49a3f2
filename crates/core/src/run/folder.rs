use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    config::{Config, Document},
    error::Error,
    files,
    framework::Framework,
    state_dict::StateDict,
    trainer::{Checkpoints, ResumeError},
};

/// Settings that a resumed run may change.
const MAY_CHANGE: [&str; 1] = ["/training/epochs"];

/// The folder of a run.
pub(super) struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder for a new run, or checks that the run there can be resumed with `config`.
    pub(super) fn open(path: &Path, config: &Config, resume: bool) -> Result<Self, Error> {
        let folder = Self {
            path: path.to_owned(),
        };
        let exists = folder.checkpoints().exist();
        match (exists, resume) {
            (true, false) => {
                return Err(Error::RunExists {
                    path: path.to_owned(),
                });
            }
            (false, true) => {
                return Err(Error::NothingToResume {
                    path: path.to_owned(),
                });
            }
            (true, true) => folder.check_settings(config)?,
            (false, false) => files::create_folder(&folder.checkpoint_folder())?,
        }
        files::write_atomic(&folder.config(), config.to_yaml()?.as_bytes())?;
        Ok(folder)
    }

    fn check_settings(&self, config: &Config) -> Result<(), Error> {
        let Ok(text) = std::fs::read_to_string(self.config()) else {
            return Ok(());
        };
        let name = self.config().display().to_string();
        let Ok(saved) = Document::parse(&name, &text) else {
            return Ok(());
        };
        let mut saved = saved.value().clone();
        let mut wanted = serde_json::to_value(&config.settings)
            .map_err(|error| Error::Bug(error.to_string()))?;
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
        Err(Error::OtherSettings {
            path: self.path.clone(),
            keys,
        })
    }

    /// Gives a framework the state of the last checkpoint.
    pub(super) fn restore(
        &self,
        framework: &mut dyn Framework,
        state: &StateDict,
    ) -> Result<(), Error> {
        let path = self.checkpoint_folder();
        framework
            .restore(state)
            .map_err(|problem| ResumeError { path, problem }.into())
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
        self.path.join("config.yaml")
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
