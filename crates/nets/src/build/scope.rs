//! The scope a layer is built in: it makes the parameters and gives them their names.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Display,
    sync::Arc,
};

use burn::{
    module::{Param, ParamId, RunningState},
    tensor::{Device, Tensor},
};

use super::{
    Distribution, FileTensor, Initialization, NetworkError, NetworkIo, PassState, Site,
    TensorLayout,
};

/// Whose names and layouts the files of a network's weights follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Convention {
    /// `layer.weight`, kernels `[out, in, y, x]`.
    #[default]
    Pytorch,
    /// `layer/kernel`, kernels `[y, x, in, out]`; layers are numbered by kind.
    Keras,
}

/// The settings of a network's building.
#[derive(Clone, Debug)]
pub struct BuildSettings {
    /// Its channels and dimensions.
    pub io: NetworkIo,
    /// Seed of the initial weights.
    pub seed: u64,
    /// Device of its weights.
    pub device: Device,
    /// Whether convolutions must add products up directly
    /// ([`ConvGeometry::exact`](coverslip_ops::ConvGeometry::exact)).
    pub exact: bool,
}

/// A network that is being built.
#[derive(Debug)]
pub struct NetworkBuilder {
    settings: BuildSettings,
    initialization: Initialization,
    convention: Convention,
    /// How many layers of a kind have had a number.
    numbered: BTreeMap<&'static str, usize>,
    tensors: HashMap<ParamId, FileTensor>,
    elements: f64,
    fault: Option<NetworkError>,
    pass: Arc<PassState>,
}

impl NetworkBuilder {
    /// Nothing yet.
    pub fn new(settings: BuildSettings) -> Self {
        Self {
            settings,
            initialization: Initialization::HeNormal { slope: 0.0 },
            convention: Convention::default(),
            numbered: BTreeMap::new(),
            tensors: HashMap::new(),
            elements: 0.0,
            fault: None,
            pass: Arc::new(PassState::default()),
        }
    }

    /// Where the outermost layers are built.
    pub fn root(&mut self) -> Scope<'_> {
        Scope {
            builder: self,
            paths: vec![String::new()],
        }
    }

    /// How many numbers the parameters and running statistics hold together; in floating point
    /// because a config may ask for any number.
    pub(crate) fn elements(&self) -> f64 {
        self.elements
    }

    /// The first fault that a layer found in its options.
    pub(crate) fn take_fault(&mut self) -> Option<NetworkError> {
        self.fault.take()
    }

    pub(crate) fn finish(self) -> (HashMap<ParamId, FileTensor>, Arc<PassState>) {
        (self.tensors, self.pass)
    }
}

/// A place in a network that is being built: what is made here has names that begin with its path.
#[derive(Debug)]
pub struct Scope<'a> {
    builder: &'a mut NetworkBuilder,
    /// The path, then other paths that reference files have the same tensors under.
    paths: Vec<String>,
}

impl Scope<'_> {
    /// The network's channels and dimensions.
    pub fn io(&self) -> NetworkIo {
        self.builder.settings.io
    }

    /// `[Z, Y, X]` of a kernel or stride that is `size` along each axis of the image.
    pub fn cube(&self, size: usize) -> [usize; 3] {
        let z = if self.io().dimensions == 2 { 1 } else { size };
        [z, size, size]
    }

    /// `[Z, Y, X]` of so many pixels to add or cut off on every side of the image.
    pub fn border(&self, pixels: usize) -> [usize; 3] {
        let z = if self.io().dimensions == 2 { 0 } else { pixels };
        [z, pixels, pixels]
    }

    /// Whether convolutions must add products up directly.
    pub fn is_exact(&self) -> bool {
        self.builder.settings.exact
    }

    /// Notes that a layer cannot be made as the options ask, for [`AnyNetwork::build`] to report once
    /// all layers are made; what is made in the layer's place is never used.
    ///
    /// [`AnyNetwork::build`]: crate::AnyNetwork::build
    pub fn refuse(&mut self, fault: NetworkError) {
        self.builder.fault.get_or_insert(fault);
    }

    /// Sets the initialisation of the weights made from now on.
    pub fn set_initialization(&mut self, initialization: Initialization) {
        self.builder.initialization = initialization;
    }

    /// The initialisation of weights.
    pub fn initialization(&self) -> Initialization {
        self.builder.initialization
    }

    /// Sets whose names and layouts files follow.
    pub fn set_convention(&mut self, convention: Convention) {
        self.builder.convention = convention;
    }

    /// Whose names and layouts files follow.
    pub fn convention(&self) -> Convention {
        self.builder.convention
    }

    /// The place `name` below this one.
    pub fn at(&mut self, name: impl Display) -> Scope<'_> {
        self.at_any(&[&name])
    }

    /// A place below this one that reference files have under several names.
    pub fn at_any(&mut self, names: &[&dyn Display]) -> Scope<'_> {
        let mut paths = Vec::with_capacity(self.paths.len() * names.len());
        for path in &self.paths {
            paths.extend(names.iter().map(|name| joined(path, '.', name)));
        }
        Scope {
            builder: self.builder,
            paths,
        }
    }

    /// The same place, which reference files also have under the whole path `alias`.
    pub fn also(mut self, alias: impl Display) -> Self {
        self.paths.push(alias.to_string());
        self
    }

    /// The place of the next layer of a kind in Keras's numbering: `conv2d`, `conv2d_1`, ...
    pub fn next(&mut self, kind: &'static str) -> Scope<'_> {
        let number = self.builder.numbered.entry(kind).or_default();
        let name = match *number {
            0 => kind.to_owned(),
            number => format!("{kind}_{number}"),
        };
        *number += 1;
        self.at(name)
    }

    /// The place as layers remember it.
    pub fn site(&self) -> Site {
        Site {
            name: self.paths[0].as_str().into(),
            pass: self.builder.pass.clone(),
        }
    }

    /// The kernel `[a, b, Z, Y, X]` of a convolution, `b * Z * Y * X` values making one.
    pub fn kernel(&mut self, shape: [usize; 5]) -> Param<Tensor<5>> {
        let area: usize = shape[2..].iter().product();
        let distribution = self
            .initialization()
            .weight(shape[1] * area, shape[0] * area);
        match self.convention() {
            Convention::Keras if self.io().dimensions == 2 => {
                self.parameter("kernel", shape, distribution, TensorLayout::KerasKernel)
            }
            Convention::Keras => {
                self.parameter("kernel", shape, distribution, TensorLayout::KerasVolume)
            }
            Convention::Pytorch if self.io().dimensions == 2 => {
                self.parameter("weight", shape, distribution, TensorLayout::Planar)
            }
            Convention::Pytorch => {
                self.parameter("weight", shape, distribution, TensorLayout::Same)
            }
        }
    }

    /// The matrix `[out, in]` of a fully connected layer.
    pub fn matrix(&mut self, [out, input]: [usize; 2]) -> Param<Tensor<2>> {
        let distribution = self.initialization().weight(input, out);
        match self.convention() {
            Convention::Keras => self.parameter(
                "kernel",
                [out, input],
                distribution,
                TensorLayout::KerasMatrix,
            ),
            Convention::Pytorch => {
                self.parameter("weight", [out, input], distribution, TensorLayout::Same)
            }
        }
    }

    /// A parameter of any shape that files hold as it is.
    pub fn table<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
        distribution: Distribution,
    ) -> Param<Tensor<D>> {
        self.parameter(name, shape, distribution, TensorLayout::Same)
    }

    /// A running statistic, `[length]`.
    pub fn running(&mut self, name: &str, length: usize, value: f32) -> RunningState<Tensor<1>> {
        let id = self.register(name, length as f64, TensorLayout::Same, false);
        RunningState::with_id(
            id,
            Tensor::full([length], value, &self.builder.settings.device),
        )
    }

    fn parameter<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
        distribution: Distribution,
        layout: TensorLayout,
    ) -> Param<Tensor<D>> {
        let elements = shape.iter().map(|&size| size as f64).product();
        let id = self.register(name, elements, layout, true);
        let seed = self.builder.settings.seed;
        let name = self.builder.tensors[&id].names[0].clone();
        Param::uninitialized(
            id,
            move |device, requires_gradient| {
                distribution
                    .tensor(shape, seed, &name, device)
                    .set_require_grad(requires_gradient)
            },
            self.builder.settings.device.clone(),
            true,
            shape.into(),
        )
    }

    fn register(
        &mut self,
        name: &str,
        elements: f64,
        layout: TensorLayout,
        is_learned: bool,
    ) -> ParamId {
        let separator = match self.convention() {
            Convention::Pytorch => '.',
            Convention::Keras => '/',
        };
        let id = ParamId::new();
        let names = self.paths.iter();
        let names = names.map(|path| joined(path, separator, &name)).collect();
        let tensor = FileTensor {
            names,
            layout,
            is_learned,
        };
        self.builder.tensors.insert(id, tensor);
        self.builder.elements += elements;
        id
    }
}

fn joined(path: &str, separator: char, name: &dyn Display) -> String {
    if path.is_empty() {
        name.to_string()
    } else {
        format!("{path}{separator}{name}")
    }
}
