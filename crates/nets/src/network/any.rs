//! A network of any architecture behind one type.

use std::{collections::HashMap, fmt, sync::Arc};

use burn::{
    module::{
        Content, Devices, DisplaySettings, Module, ModuleDisplay, ModuleDisplayDefault,
        ModuleMapper, ModuleVisitor, ParamId,
    },
    tensor::Device,
};

use super::{
    Architecture, Inputs, Network, Outputs, SizeRule,
    erased::{Erased, MapperOut, VisitorOut},
};
use crate::build::{
    BuildSettings, FileTensor, LayerOutput, NetworkBuilder, NetworkError, PassState,
};

/// The most numbers that the weights of a network may hold: 4 GiB of them.
const MOST_WEIGHTS: f64 = (1u64 << 30) as f64;

/// Any network, ours or another crate's, with the names that files have its tensors under.
#[derive(Clone, Debug)]
pub struct AnyNetwork {
    network: Box<dyn Erased>,
    tensors: Arc<HashMap<ParamId, FileTensor>>,
    pass: Arc<PassState>,
}

impl AnyNetwork {
    /// Builds a network of an architecture. Its initial weights are drawn when they are first used.
    ///
    /// # Errors
    ///
    /// When the options do not fit together or to the images, or make more than 2^30 weights.
    pub fn build(
        architecture: &impl Architecture,
        settings: &BuildSettings,
    ) -> Result<Self, NetworkError> {
        let mut builder = NetworkBuilder::new(settings.clone());
        let network = architecture.build(&mut builder.root())?;
        if let Some(fault) = builder.take_fault() {
            return Err(fault);
        }
        let weights = builder.elements();
        if weights > MOST_WEIGHTS {
            let problem = format!(
                "widths, kernels, levels and channels together make about {weights:.0e} weights; at \
                 most {MOST_WEIGHTS:.0e} are possible"
            );
            return Err(NetworkError::new("*", problem));
        }
        let (tensors, pass) = builder.finish();
        Ok(Self {
            network: Box::new(network),
            tensors: Arc::new(tensors),
            pass,
        })
    }

    /// Takes a finished network; files have its tensors under the paths of its fields.
    pub fn from_module(network: impl Network + Sync + 'static) -> Self {
        Self {
            network: Box::new(network),
            tensors: Arc::default(),
            pass: Arc::default(),
        }
    }

    /// How files hold a tensor; `None` for a network that was not built here.
    pub fn file_tensor(&self, id: ParamId) -> Option<&FileTensor> {
        self.tensors.get(&id)
    }

    /// Computes the outputs and lists those of all layers, in the order of computation.
    pub fn forward_traced(&self, inputs: Inputs) -> (Outputs, Vec<LayerOutput>) {
        self.pass.traced(|| Network::forward(self, inputs))
    }

    fn with(&self, network: Box<dyn Erased>) -> Self {
        Self {
            network,
            tensors: self.tensors.clone(),
            pass: self.pass.clone(),
        }
    }
}

impl Network for AnyNetwork {
    fn forward(&self, inputs: Inputs) -> Outputs {
        self.pass.set_draw(inputs.draw);
        self.pass.set_statistics_share(inputs.statistics_share);
        self.network.forward(inputs)
    }

    fn sizes(&self) -> SizeRule {
        self.network.sizes()
    }
}

impl ModuleDisplayDefault for AnyNetwork {
    fn content(&self, content: Content) -> Option<Content> {
        Some(content)
    }
}

impl ModuleDisplay for AnyNetwork {
    fn format(&self, settings: DisplaySettings) -> String {
        self.network.format(settings)
    }
}

impl fmt::Display for AnyNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&ModuleDisplay::format(self, DisplaySettings::default()))
    }
}

impl Module for AnyNetwork {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.network.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.with(self.network.clone().fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.with(self.network.clone().to_device(device))
    }

    fn train(self) -> Self {
        self.with(self.network.clone().train())
    }

    fn valid(&self) -> Self {
        self.with(self.network.valid())
    }

    fn materialize(self) -> Self {
        self.with(self.network.clone().materialize())
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.network.visit(&mut VisitorOut(visitor));
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        let Self {
            network,
            tensors,
            pass,
        } = self;
        Self {
            network: network.map(&mut MapperOut(mapper)),
            tensors,
            pass,
        }
    }
}
