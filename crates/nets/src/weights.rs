//! The tensors of a network by the names that files have them under.
//!
//! ```
//! use burn::tensor::Device;
//! use coverslip_nets::{
//!     AnyNetwork, NetworkIo, architectures::unet::UnetConfig, build::BuildSettings, weights,
//! };
//!
//! # let config = UnetConfig { base: 2, depth: 1, ..UnetConfig::default() };
//! # let io = NetworkIo { in_channels: 1, out_channels: 2, dimensions: 2 };
//! # let build = |seed| {
//! #     let settings = BuildSettings { io, seed, device: Device::flex(), exact: false };
//! #     AnyNetwork::build(&config, &settings)
//! # };
//! let (trained, fresh) = (build(0)?, build(1)?);
//! let state_dict = weights::collect(&trained);
//! let (loaded, report) = weights::load(fresh, &state_dict);
//! assert!(report.is_complete());
//! assert_eq!(weights::collect(&loaded), state_dict);
//! # Ok::<(), coverslip_nets::NetworkError>(())
//! ```

mod freeze;
mod load;

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleVisitor, Param, ParamId},
    tensor::{Tensor, TensorData},
};

pub use freeze::freeze;
pub use load::{LoadReport, Misshapen, is_no_weight, load};

use crate::{build::TensorLayout, network::AnyNetwork};

/// 32-bit tensors by name, in the order of the names.
pub type StateDict = BTreeMap<String, TensorData>;

/// All parameters and running statistics of a network, as files hold them: under the names of the
/// reference implementation and with its axes.
pub fn collect(network: &AnyNetwork) -> StateDict {
    struct Collector<'a> {
        network: &'a AnyNetwork,
        path: ModulePath,
        dict: StateDict,
    }
    impl ModuleVisitor for Collector<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let (names, layout) = file_form(self.network, param.id, &self.path);
            if let Some(name) = names.into_iter().next() {
                self.dict
                    .insert(name, layout.to_file(param.val().into_data()));
            }
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
    }
    let mut collector = Collector {
        network,
        path: ModulePath::default(),
        dict: StateDict::new(),
    };
    network.visit(&mut collector);
    collector.dict
}

/// The number of values in the parameters of a network, running statistics not among them. Does not
/// draw initial weights.
pub fn count_parameters(network: &AnyNetwork) -> usize {
    let shapes = learned_shapes(network).into_values();
    shapes.map(|shape| shape.iter().product::<usize>()).sum()
}

/// The shapes of all parameters in files, by name, running statistics not among them. Does not draw
/// initial weights.
pub fn learned_shapes(network: &AnyNetwork) -> BTreeMap<String, Vec<usize>> {
    let learned = tensors(network)
        .into_iter()
        .filter(|tensor| tensor.is_learned);
    learned
        .filter_map(|tensor| Some((tensor.names.into_iter().next()?, tensor.shape)))
        .collect()
}

/// A tensor of a network as files hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Our name of it, then the other names that the reference's files have it under.
    pub names: Vec<String>,
    /// Its shape in files.
    pub shape: Vec<usize>,
    /// Whether training moves it; a running statistic only follows.
    pub is_learned: bool,
}

/// All tensors of a network in the order of its modules. Does not draw initial weights.
pub fn tensors(network: &AnyNetwork) -> Vec<TensorInfo> {
    struct Lister<'a> {
        network: &'a AnyNetwork,
        path: ModulePath,
        tensors: Vec<TensorInfo>,
    }
    impl ModuleVisitor for Lister<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = self.network.file_tensor(param.id);
            let (names, layout) = file_form(self.network, param.id, &self.path);
            self.tensors.push(TensorInfo {
                names,
                shape: layout.file_shape(&param.lazy_shape().to_vec()),
                is_learned: tensor.is_none_or(|tensor| tensor.is_learned),
            });
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
    }
    let mut lister = Lister {
        network,
        path: ModulePath::default(),
        tensors: Vec::new(),
    };
    network.visit(&mut lister);
    lister.tensors
}

/// The names of a tensor in files, the first of them ours, and its axes there.
fn file_form(network: &AnyNetwork, id: ParamId, path: &ModulePath) -> (Vec<String>, TensorLayout) {
    match network.file_tensor(id) {
        Some(tensor) => (tensor.names.clone(), tensor.layout),
        None => (vec![path.name()], TensorLayout::Same),
    }
}

/// The path of fields to a parameter; enum variants do not show, so that a network has the same
/// names in every wrapper.
#[derive(Clone, Debug, Default)]
pub struct ModulePath(Vec<String>);

impl ModulePath {
    /// To be called when a visitor enters a module.
    pub fn enter(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.push(name.to_owned());
        }
    }

    /// To be called when a visitor leaves a module.
    pub fn exit(&mut self, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.pop();
        }
    }

    /// The path of the module that holds the present field.
    fn parent(&self) -> String {
        self.0[..self.0.len().saturating_sub(1)].join(".")
    }

    /// The fields with dots between them.
    pub fn name(&self) -> String {
        self.0.join(".")
    }
}
