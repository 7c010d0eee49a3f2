//! Freezing of parameters by name.

use std::collections::BTreeSet;

use burn::{
    module::{Flag, Module, ModuleMapper, Param},
    tensor::Tensor,
};

use super::{ModulePath, file_form};
use crate::network::AnyNetwork;

/// Takes tensors of a network out of training: no gradient is computed for those that `is_frozen` says
/// yes to, by any of their names in files.
///
/// A batch normalisation of which a running statistic is frozen normalises with its running
/// statistics, also in training, and none of them follows the batches any more.
pub fn freeze(network: AnyNetwork, is_frozen: &dyn Fn(&str) -> bool) -> AnyNetwork {
    let names = network.clone();
    network.map(&mut Freezer {
        network: &names,
        path: ModulePath::default(),
        is_frozen,
        still: BTreeSet::new(),
    })
}

struct Freezer<'a> {
    network: &'a AnyNetwork,
    path: ModulePath,
    is_frozen: &'a dyn Fn(&str) -> bool,
    /// Paths of modules whose running statistics stand still.
    still: BTreeSet<String>,
}

impl ModuleMapper for Freezer<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (names, _) = file_form(self.network, param.id, &self.path);
        if !names.iter().any(|name| (self.is_frozen)(name)) {
            return param;
        }
        let tensor = self.network.file_tensor(param.id);
        if tensor.is_some_and(|tensor| !tensor.is_learned) {
            self.still.insert(self.path.parent());
            return param;
        }
        param.set_require_grad(false)
    }

    // A normalisation's flag "in training" comes behind its statistics.
    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        if self.still.contains(&self.path.parent()) {
            flag.with_value(false)
        } else {
            flag
        }
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }
}
