//! Loading of weights by name, with a report of what matched.

use std::collections::{BTreeMap, BTreeSet};

use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{Tensor, TensorData},
};

use super::{ModulePath, StateDict, file_form};
use crate::network::AnyNetwork;

/// Entries of PyTorch's state dicts that are no weights: a counter, and tables that a network
/// computes itself.
const NO_WEIGHTS: [&str; 2] = ["num_batches_tracked", "relative_position_index"];
/// What precedes the names of weights that nothing is computed with: the cross-attention of MONAI's
/// transformers for images, which have none.
const UNUSED: [&str; 2] = [".cross_attn.", ".norm_cross_attn."];

/// The result of loading a state dict: each tensor of the network and of the dict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Tensors of the network that were given values.
    pub matched: Vec<String>,
    /// Tensors of the network that the state dict lacks.
    pub missing: Vec<String>,
    /// Entries of the state dict that the network has no tensor for.
    pub unexpected: Vec<String>,
    /// Tensors of another shape.
    pub misshapen: Vec<Misshapen>,
}

/// A tensor whose shape differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misshapen {
    /// Its name in the state dict.
    pub name: String,
    /// The shape that the network needs, as a file would have it.
    pub expected: Vec<usize>,
    /// The shape in the state dict.
    pub found: Vec<usize>,
}

impl LoadReport {
    /// Whether every tensor had its counterpart.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misshapen.is_empty()
    }
}

/// Gives a network the tensors of `dict` by name, and says what became of each. A tensor without a
/// counterpart of its shape keeps its value.
///
/// Entries may have any of the names that the reference gives a tensor; an entry that repeats one
/// under another of its names is ignored, and so are PyTorch's counters of batches.
pub fn load(network: AnyNetwork, dict: &StateDict) -> (AnyNetwork, LoadReport) {
    let names = network.clone();
    let mut loader = Loader {
        network: &names,
        path: ModulePath::default(),
        dict,
        used: BTreeSet::new(),
        report: LoadReport::default(),
    };
    let network = network.map(&mut loader);
    let Loader {
        used, mut report, ..
    } = loader;
    let left = dict.keys().filter(|name| !used.contains(*name));
    report.unexpected = left.filter(|name| !is_no_weight(name)).cloned().collect();
    (network, report)
}

/// Whether an entry of PyTorch's state dicts is one that nothing is computed with: a counter of
/// batches, a table that a network makes itself, a layer that no pass goes through.
pub fn is_no_weight(name: &str) -> bool {
    NO_WEIGHTS.iter().any(|end| name.ends_with(end))
        || UNUSED.iter().any(|part| name.contains(part))
}

struct Loader<'a> {
    network: &'a AnyNetwork,
    path: ModulePath,
    dict: &'a StateDict,
    /// Names of `dict` that a tensor has, by any of its names.
    used: BTreeSet<String>,
    report: LoadReport,
}

impl ModuleMapper for Loader<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (names, layout) = file_form(self.network, param.id, &self.path);
        let own = names[0].clone();
        let found: BTreeMap<_, _> = names
            .into_iter()
            .filter_map(|name| Some((name.clone(), self.dict.get(&name)?)))
            .collect();
        self.used.extend(found.keys().cloned());
        let Some((name, data)) = found.into_iter().next() else {
            self.report.missing.push(own);
            return param;
        };
        let shape = param.lazy_shape().to_vec();
        let expected = layout.file_shape(&shape);
        if expected != data.shape().to_vec() {
            self.report.misshapen.push(Misshapen {
                name,
                expected,
                found: data.shape().to_vec(),
            });
            return param;
        }
        self.report.matched.push(own);
        with_value(param, layout.from_file(data, &shape))
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }
}

/// The parameter with another value, on its own device and with its own gradient setting. One
/// whose first value has not been drawn yet is not drawn for this.
fn with_value<const D: usize>(param: Param<Tensor<D>>, data: TensorData) -> Param<Tensor<D>> {
    let tensor = Tensor::from_data(data, &param.lazy_device());
    let id = param.id;
    param.transform_for_load(tensor, id)
}
