//! Why a file of weights cannot be used.

use std::path::PathBuf;

use crate::{
    base::{
        error::Fault,
        words::{instead, list},
    },
    weights::state_dict::{StateDictError, unreadable},
};

/// How many names a message lists.
const LISTED: usize = 8;

/// A file of weights that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsFileError {
    /// Reading failed.
    #[error("{}", unreadable(path, source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder.
    #[error("`{}` is a folder, not a file of weights", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing that holds weights.
    #[error("`{}` is no file of weights: it is neither a PyTorch checkpoint nor a safetensors file", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// Weights in a form that is not read.
    #[error("`{}` is {what}, which is not read", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// How to get a file that is.
        remedy: &'static str,
    },
    /// A cut, changed or forged file.
    #[error("`{}` is damaged or forged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A checkpoint that calls what no checkpoint needs.
    #[error("`{}` asks to run `{call}`; nothing was run", path.display())]
    Code {
        /// The file.
        path: PathBuf,
        /// What would have been called.
        call: String,
    },
    /// Nothing to use.
    #[error("`{}` holds no tensors{}{}", path.display(), under(key.as_deref()), instead(found, LISTED))]
    NoTensors {
        /// The file.
        path: PathBuf,
        /// The key that was asked for.
        key: Option<String>,
        /// What it holds.
        found: Vec<String>,
    },
    /// Several state dicts.
    #[error("`{}` holds several state dicts: {}", path.display(), keys.join(", "))]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// Their keys.
        keys: Vec<String>,
    },
    /// No tensor has the prefix that was to be taken off.
    #[error("`{}`: no tensor's name begins with `{prefix}`; the first names are {}", path.display(), list(names, LISTED))]
    Prefix {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        prefix: String,
        /// The names.
        names: Vec<String>,
    },
    /// A tensor that cannot be read.
    #[error("`{}`: tensor {tensor} cannot be read: {problem}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Why.
        problem: String,
    },
    /// Values that nothing can be computed with.
    #[error("`{}`: tensor {tensor} holds {wrong} of {total} values that are not finite (NaN or infinite)", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// How many.
        wrong: usize,
        /// Of how many.
        total: usize,
    },
    /// The weights belong to another network.
    #[error("`{}`: {source}", path.display())]
    Misfit {
        /// The file.
        path: PathBuf,
        /// What is missing, left over or of another shape.
        source: Box<StateDictError>,
        /// A prefix that some names have and the network's have not.
        prefix: Option<String>,
        /// Dictionaries of the file that hold tensors, when all of them were used.
        parts: Vec<String>,
    },
}

fn under(key: Option<&str>) -> String {
    key.map(|key| format!(" under `{key}`")).unwrap_or_default()
}

impl Fault for WeightsFileError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Io { .. } => "check the spelling of the path, and that you may read it",
            Self::Folder { .. } => {
                "give the file of weights in it; a folder with `model.yaml` is a model package already"
            }
            Self::Unknown { .. } => {
                "give a .pt, .pth, .ckpt or .safetensors file; in PyTorch \
                 `torch.save(network.state_dict(), FILE)` writes one"
            }
            Self::Form { remedy, .. } => remedy,
            Self::Damaged { .. } | Self::Tensor { .. } => {
                "get the file again from where it comes from, or save it anew with \
                 `torch.save(network.state_dict(), FILE)`"
            }
            Self::Code { .. } => {
                "do not open this file with PyTorch either; get the weights from a source that you trust"
            }
            Self::NoTensors { .. } => {
                "save the state dict, `torch.save(network.state_dict(), FILE)`, or choose another \
                 entry with `--key` (in a config, `initial_weights.key`)"
            }
            Self::Ambiguous { .. } => {
                "choose one with `--key` (in a config, `initial_weights.key`)"
            }
            Self::Prefix { .. } => "give the beginning of the names of the network you want",
            Self::NotFinite { .. } => {
                "the training that made them went astray; use weights of an earlier epoch"
            }
            Self::Misfit { prefix, parts, .. } => return Some(misfit(prefix.as_deref(), parts)),
        };
        Some(hint.to_owned())
    }
}

fn misfit(prefix: Option<&str>, parts: &[String]) -> String {
    let strip = match (prefix, parts) {
        (Some(prefix), _) => format!("use the tensors of one part with `--strip {prefix}`, or "),
        (None, []) => String::new(),
        (None, parts) => {
            let parts = list(parts, LISTED);
            format!("choose one of the file's parts with `--key` ({parts}), or ")
        }
    };
    format!(
        "{strip}set the network's options, channels and classes to those the weights were trained \
         with, or accept what does not fit with `--partial`"
    )
}
