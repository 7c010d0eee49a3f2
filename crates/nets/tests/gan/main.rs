//! Generators and discriminators: how many weights they have, how far they see, what they refuse.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod chain;
mod counts;
mod masks;
mod reach;
mod refusals;

use burn::{
    module::{Flag, Module, ModuleMapper, Param},
    tensor::{Device, Tensor, TensorData},
};
use coverslip_nets::{AnyNetwork, Architecture, Inputs, Network, NetworkIo, build::BuildSettings};

fn io(in_channels: usize, out_channels: usize, dimensions: usize) -> NetworkIo {
    NetworkIo {
        in_channels,
        out_channels,
        dimensions,
    }
}

/// A network on a device that records gradients, or not.
fn build(config: &impl Architecture, io: NetworkIo, device: &Device) -> AnyNetwork {
    let settings = BuildSettings {
        io,
        seed: 7,
        device: device.clone(),
        exact: true,
    };
    AnyNetwork::build(config, &settings).unwrap()
}

fn plain(config: &impl Architecture, io: NetworkIo) -> AnyNetwork {
    build(config, io, &Device::flex())
}

fn image(dims: [usize; 5]) -> Tensor<5> {
    let len = dims.iter().product::<usize>();
    let values: Vec<f32> = (0..len)
        .map(|i| ((i * 7919 % 1013) as f32 / 506.5) - 1.0)
        .collect();
    Tensor::from_data(TensorData::new(values, dims), &Device::flex())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().unwrap()
}

/// The sizes of the main output for an image of these sizes.
fn output_sizes(network: &AnyNetwork, dims: [usize; 5]) -> [usize; 5] {
    network.forward(Inputs::new(image(dims))).main.dims()
}

/// The network without dropout and with running statistics on a device that records gradients.
fn frozen(network: AnyNetwork) -> AnyNetwork {
    struct Freeze;
    impl ModuleMapper for Freeze {
        fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
            flag.with_value(false)
        }
    }
    network.map(&mut Freeze)
}
