//! The parameters of a network by name, and their safetensors form: 32-bit, finite, with metadata.
//! Files of other programs, of any number type, are read by `weights_file`.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use burn::tensor::TensorData;
pub use coverslip_nets::weights::{StateDict, collect};
use coverslip_nets::{
    AnyNetwork,
    weights::{self, LoadReport, Misshapen},
};
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use crate::base::{error::Fault, words::list};

/// How many names of a kind a message lists.
const LISTED: usize = 8;

/// The remedy for weights that cannot be used.
const OTHER_WEIGHTS: &str = "use the weights that belong to this network";

/// Weights that do not belong to the network they were given to.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the weights do not fit the network: {}", summary(.0))]
pub struct StateDictError(pub LoadReport);

impl Fault for StateDictError {
    fn hint(&self) -> Option<String> {
        Some(OTHER_WEIGHTS.to_owned())
    }
}

fn summary(report: &LoadReport) -> String {
    let misshapen = report.misshapen.iter().map(|tensor| {
        let Misshapen {
            name,
            expected,
            found,
        } = tensor;
        format!("{name} is {found:?} where the network has {expected:?}")
    });
    let parts = [
        ("missing", report.missing.clone()),
        ("unexpected", report.unexpected.clone()),
        ("misshapen", misshapen.collect()),
    ];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    parts
        .map(|(what, names)| format!("{what} {}", list(names, LISTED)))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Gives a network the weights of `dict`, all of them by name and shape.
///
/// # Errors
///
/// When a name is missing or left over or a shape differs, all of them at once.
pub fn apply(network: AnyNetwork, dict: &StateDict) -> Result<AnyNetwork, StateDictError> {
    let (network, report) = weights::load(network, dict);
    if report.is_complete() {
        Ok(network)
    } else {
        Err(StateDictError(report))
    }
}

/// A safetensors file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// Reading failed.
    #[error("{}", unreadable(path, source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a safetensors file, or a damaged one.
    #[error("`{path}` is not a usable safetensors file: {problem}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Fault for WeightsError {
    fn hint(&self) -> Option<String> {
        Some(OTHER_WEIGHTS.to_owned())
    }
}

pub(crate) fn unreadable(path: &Path, source: &std::io::Error) -> String {
    let path = path.display();
    match source.kind() {
        std::io::ErrorKind::NotFound => format!("`{path}` does not exist"),
        _ => format!("`{path}` cannot be read: {source}"),
    }
}

/// The bytes of a safetensors file with `dict` and at most one entry of text metadata: more would
/// be written in the order of a hash map, and equal models would not be equal files.
///
/// # Errors
///
/// When a tensor cannot be laid out; does not happen for 32-bit parameters.
pub fn to_bytes(
    dict: &StateDict,
    metadata: Option<(&str, String)>,
) -> Result<Vec<u8>, SafeTensorError> {
    let views = dict
        .iter()
        .map(|(name, data)| {
            let view = TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes());
            Ok((name.as_str(), view?))
        })
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    let metadata = metadata.map(|(key, text)| HashMap::from([(key.to_owned(), text)]));
    safetensors::serialize(views, metadata)
}

/// Reads a safetensors file: its 32-bit tensors and its text metadata.
///
/// # Errors
///
/// [`WeightsError`] for a file that is missing, damaged, of another element type, or that holds
/// values that are not finite.
pub fn read(path: &Path) -> Result<(StateDict, HashMap<String, String>), WeightsError> {
    let bytes = std::fs::read(path).map_err(|source| WeightsError::Io {
        path: path.to_owned(),
        source,
    })?;
    let malformed = |problem: String| WeightsError::Malformed {
        path: path.to_owned(),
        problem,
    };
    let damaged = |error| malformed(format!("it is cut off or damaged ({error})"));
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let mut dict = StateDict::new();
    for (name, view) in tensors.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(malformed(format!(
                "tensor {name} is {:?}, not F32",
                view.dtype()
            )));
        }
        let values: Vec<f32> = view
            .data()
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(malformed(format!(
                "tensor {name} holds values that are not finite"
            )));
        }
        dict.insert(name, TensorData::new(values, view.shape().to_vec()));
    }
    Ok((dict, header.metadata().clone().unwrap_or_default()))
}
