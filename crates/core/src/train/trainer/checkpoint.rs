//! The files that a run is continued from.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::Progress;
use crate::{
    base::{
        error::{Error, Fault},
        files,
    },
    weights::state_dict::{self, StateDict},
};

const PROGRESS: &str = "progress";

/// The folder of a run's checkpoints.
///
/// `last.safetensors` holds everything a run needs to go on, `best.safetensors` the weights of the
/// best epoch. Both are replaced in one piece, so a killed run leaves the previous ones.
pub struct Checkpoints {
    folder: PathBuf,
}

/// A checkpoint that cannot be continued from.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be continued from: {problem}")]
pub struct ResumeError {
    /// The checkpoint.
    pub path: PathBuf,
    /// What does not fit.
    pub problem: String,
}

impl Fault for ResumeError {
    fn hint(&self) -> Option<String> {
        Some("restore the file if you have a copy, or start a new run in another folder".to_owned())
    }
}

impl Checkpoints {
    /// Checkpoints in `folder`, which must exist.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn last(&self) -> PathBuf {
        self.folder.join("last.safetensors")
    }

    fn best(&self) -> PathBuf {
        self.folder.join("best.safetensors")
    }

    /// Whether there is a run to resume.
    pub fn exist(&self) -> bool {
        self.last().exists()
    }

    /// Saves the state of training.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save_last(&self, state: &StateDict, progress: &Progress) -> Result<(), Error> {
        let json =
            serde_json::to_string(progress).map_err(|error| Error::bug(error.to_string()))?;
        write(&self.last(), state, Some((PROGRESS, json)))
    }

    /// Saves the weights of the best epoch.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save_best(&self, weights: &StateDict) -> Result<(), Error> {
        write(&self.best(), weights, None)
    }

    /// The state and progress of the last checkpoint.
    ///
    /// # Errors
    ///
    /// When it is missing or damaged.
    pub fn load_last(&self) -> Result<(StateDict, Progress), Error> {
        let path = self.last();
        let (state, metadata) = self.read(&path)?;
        let fault = |problem: String| ResumeError {
            path: path.clone(),
            problem,
        };
        let json = metadata
            .get(PROGRESS)
            .ok_or_else(|| fault("it holds no progress".to_owned()))?;
        let progress = serde_json::from_str(json).map_err(|error| fault(error.to_string()))?;
        Ok((state, progress))
    }

    /// The weights of the best epoch.
    ///
    /// # Errors
    ///
    /// When they are missing or damaged.
    pub fn load_best(&self) -> Result<StateDict, Error> {
        Ok(self.read(&self.best())?.0)
    }

    fn read(&self, path: &Path) -> Result<(StateDict, HashMap<String, String>), ResumeError> {
        state_dict::read(path).map_err(|error| ResumeError {
            path: self.folder.clone(),
            problem: error.to_string(),
        })
    }
}

fn write(path: &Path, dict: &StateDict, metadata: Option<(&str, String)>) -> Result<(), Error> {
    let bytes =
        state_dict::to_bytes(dict, metadata).map_err(|error| Error::bug(error.to_string()))?;
    Ok(files::write_atomic(path, &bytes)?)
}
