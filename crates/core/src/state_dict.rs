//! The parameters of a network by name, and their safetensors form.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::error::list;

/// How many names of a kind a message lists.
const LISTED: usize = 8;

/// 32-bit parameters by name, in the order of the names. A name is the path of module fields,
/// `encoder.0.convs.1.weight`.
pub type StateDict = BTreeMap<String, TensorData>;

/// Parameters that do not belong to the network they were given to.
#[derive(Debug, thiserror::Error)]
#[error("the weights do not fit the network: {}", self.summary())]
pub struct StateDictError {
    /// Parameters of the network that the weights lack.
    pub missing: Vec<String>,
    /// Weights that the network has no parameter for.
    pub unexpected: Vec<String>,
    /// Parameters of another shape: name, the network's shape, the weights' shape.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl StateDictError {
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misshapen.is_empty()
    }

    fn summary(&self) -> String {
        let misshapen = self.misshapen.iter().map(|(name, network, weights)| {
            format!("{name} is {weights:?} where the network has {network:?}")
        });
        let parts = [
            ("missing", self.missing.clone()),
            ("unexpected", self.unexpected.clone()),
            ("misshapen", misshapen.collect()),
        ];
        let parts = parts.iter().filter(|(_, names)| !names.is_empty());
        parts
            .map(|(what, names)| format!("{what} {}", list(names, LISTED)))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// All parameters and running statistics of a module.
pub fn collect<M: Module>(module: &M) -> StateDict {
    struct Collector(PathOf, StateDict);
    impl ModuleVisitor for Collector {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.insert(self.0.name(), param.val().into_data());
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.0.exit(container);
        }
    }
    let mut collector = Collector(PathOf::default(), StateDict::new());
    module.visit(&mut collector);
    collector.1
}

/// Gives a module the parameters of `dict`, all of them by name and shape.
///
/// # Errors
///
/// When a name is missing or left over or a shape differs, all of them at once.
pub fn apply<M: Module>(module: M, dict: &StateDict) -> Result<M, StateDictError> {
    struct Applier<'a> {
        path: PathOf,
        dict: &'a StateDict,
        /// Names of `dict` that no parameter has had yet.
        left: BTreeSet<&'a str>,
        fault: StateDictError,
    }
    impl ModuleMapper for Applier<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.name();
            let Some(data) = self.dict.get(&name) else {
                self.fault.missing.push(name);
                return param;
            };
            self.left.remove(name.as_str());
            let shape = param.lazy_shape();
            if shape.as_slice() != data.shape().as_slice() {
                let (network, weights) = (shape.to_vec(), data.shape().to_vec());
                self.fault.misshapen.push((name, network, weights));
                return param;
            }
            // On the parameter's own device, with its own gradient setting.
            param.map(|old| {
                let tensor = Tensor::from_data(data.clone(), &old.device());
                tensor.set_require_grad(old.is_require_grad())
            })
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
    }
    let fault = StateDictError {
        missing: vec![],
        unexpected: vec![],
        misshapen: vec![],
    };
    let mut applier = Applier {
        path: PathOf::default(),
        dict,
        left: dict.keys().map(String::as_str).collect(),
        fault,
    };
    let module = module.map(&mut applier);
    let mut fault = applier.fault;
    fault.unexpected = applier.left.into_iter().map(str::to_owned).collect();
    if fault.is_empty() {
        Ok(module)
    } else {
        Err(fault)
    }
}

/// The path of fields to a parameter; enum variants do not show, so that a network has the same
/// names in every wrapper.
#[derive(Default)]
pub(crate) struct PathOf(Vec<String>);

impl PathOf {
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.push(name.to_owned());
        }
    }

    pub(crate) fn exit(&mut self, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.pop();
        }
    }

    pub(crate) fn name(&self) -> String {
        self.0.join(".")
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

fn unreadable(path: &Path, source: &std::io::Error) -> String {
    let path = path.display();
    match source.kind() {
        std::io::ErrorKind::NotFound => format!("`{path}` does not exist"),
        _ => format!("`{path}` cannot be read: {source}"),
    }
}

/// The bytes of a safetensors file with `dict` and text `metadata` by key.
///
/// More than one entry of metadata would be written in the order of a hash map, and equal models
/// would not be equal files.
///
/// # Errors
///
/// When a tensor cannot be laid out; does not happen for 32-bit parameters.
pub fn to_bytes(
    dict: &StateDict,
    metadata: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<u8>, String> {
    let views = dict
        .iter()
        .map(|(name, data)| {
            let view = TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes());
            Ok((name.as_str(), view.map_err(|error| error.to_string())?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    safetensors::serialize(views, Some(metadata.into_iter().collect()))
        .map_err(|error| error.to_string())
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
