//! What the networks of the registry are: their options, weights, layers and memory.

mod diagram;

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use coverslip_nets::{
    Inputs, Network, NetworkIo, SizeRule,
    build::{BuildSettings, LayerOutput},
    weights,
};
use coverslip_ops::with_shapes_only;

use crate::{
    base::error::{Error, Fault},
    names::Named,
    registry::Registry,
};

/// Bytes of a number.
const BYTES_PER_NUMBER: u64 = 4;
/// Training keeps a weight, its gradient and two moments of Adam.
const COPIES: u64 = 4;
/// The patch that a network is laid out with when none is given, `[Z, Y, X]`.
const PATCH: [usize; 3] = [16, 64, 64];

/// A network laid out on a patch.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The layers in the order of computation.
    pub layers: Vec<Layer>,
    /// The sizes of the input, `[N, C, Z, Y, X]`.
    pub input: [usize; 5],
    /// The outputs, the main one first, with their sizes.
    pub outputs: Vec<(String, Vec<usize>)>,
    /// Numbers that training changes.
    pub parameters: u64,
    /// The sizes that the network takes.
    pub sizes: SizeRule,
}

/// A size of images that the network cannot compute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network cannot compute images of {size:?} (z, y, x); it takes {allowed}")]
pub struct InputSizeError {
    /// The size that was asked for, `[Z, Y, X]`.
    pub size: [usize; 3],
    /// What the network takes, in words.
    pub allowed: String,
    /// A size nearby that it takes.
    pub nearest: [usize; 3],
}

impl Fault for InputSizeError {
    fn hint(&self) -> Option<String> {
        Some(format!("a size nearby is {:?}", self.nearest))
    }
}

/// A layer of a network.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its name, as in the names of its weights.
    pub name: String,
    /// What kind of layer it is.
    pub kind: &'static str,
    /// The sizes of what it was given.
    pub input: Vec<usize>,
    /// The sizes of its output.
    pub shape: Vec<usize>,
    /// Its parameters.
    pub parameters: u64,
}

impl Layout {
    /// Bytes of the outputs of all layers.
    pub fn activation_bytes(&self) -> u64 {
        let numbers = |layer: &Layer| layer.shape.iter().map(|&size| size as u64).product::<u64>();
        BYTES_PER_NUMBER * self.layers.iter().map(numbers).sum::<u64>()
    }

    /// About what a training step needs in bytes: what the layers give, kept for the gradient, and the
    /// weights with gradients and the moments of Adam.
    pub fn training_bytes(&self) -> u64 {
        self.activation_bytes() + COPIES * BYTES_PER_NUMBER * self.parameters
    }
}

/// Lays a network out on an image of `input` without drawing its weights or computing a layer.
///
/// `input` is `[N, C, Z, Y, X]`; its size is that of a small patch when absent, fitted to what the
/// network takes.
///
/// # Errors
///
/// When the name is unknown, the options do not fit, or the network cannot take the input.
pub fn lay_out(
    registry: &Registry,
    network: &Named,
    io: NetworkIo,
    input: Option<[usize; 5]>,
) -> Result<Layout, Error> {
    with_shapes_only(|device| lay_out_on(device, registry, network, io, input))
}

fn lay_out_on(
    device: &Device,
    registry: &Registry,
    network: &Named,
    io: NetworkIo,
    input: Option<[usize; 5]>,
) -> Result<Layout, Error> {
    let settings = BuildSettings {
        io,
        seed: 0,
        device: device.clone(),
        exact: false,
    };
    let build = &registry.networks.get(&network.name)?.build;
    let network = build(network, &settings)?;
    let sizes = network.sizes();
    let input = if let Some(input) = input {
        check_size(sizes, input)?;
        input
    } else {
        let patch = if io.dimensions == 2 {
            [1, PATCH[1], PATCH[2]]
        } else {
            PATCH
        };
        let [z, y, x] = sizes.fit(patch);
        [1, io.in_channels, z, y, x]
    };
    let image = Tensor::zeros(input, device);
    let (outputs, layers) = network.forward_traced(Inputs::new(image));
    let others = outputs.others.iter();
    let others = others.map(|(name, map)| (name.clone(), map.dims().to_vec()));
    let main = ("main".to_owned(), outputs.main.dims().to_vec());
    let shapes = weights::learned_shapes(&network);
    Ok(Layout {
        layers: layers
            .into_iter()
            .map(|output| layer(&shapes, output))
            .collect(),
        input,
        outputs: std::iter::once(main).chain(others).collect(),
        parameters: weights::count_parameters(&network) as u64,
        sizes,
    })
}

/// Refuses an input `[N, C, Z, Y, X]` of a size that a network does not take.
pub(crate) fn check_size(sizes: SizeRule, input: [usize; 5]) -> Result<(), Error> {
    let [_, _, size @ ..] = input;
    if sizes.accepts(size) {
        return Ok(());
    }
    Err(InputSizeError {
        size,
        allowed: sizes.to_string(),
        nearest: sizes.fit(size),
    }
    .into())
}

fn layer(shapes: &BTreeMap<String, Vec<usize>>, output: LayerOutput) -> Layer {
    let parameters = shapes
        .iter()
        .filter(|(name, _)| {
            // The name of a tensor is the layer's and the tensor's own.
            let own = name.strip_prefix(&output.name).unwrap_or_default();
            own.starts_with(['.', '/']) && !own[1..].contains(['.', '/'])
        })
        .map(|(_, shape)| shape.iter().map(|&size| size as u64).product::<u64>());
    Layer {
        parameters: parameters.sum(),
        name: output.name,
        kind: output.kind,
        input: output.input,
        shape: output.shape,
    }
}
