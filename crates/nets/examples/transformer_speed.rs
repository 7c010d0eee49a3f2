//! Seconds of a prediction and of a training step of the networks with transformers.
//!
//! `cargo run --release --example transformer_speed -- [part of a name]`

#![expect(clippy::print_stdout, reason = "the program reports to the terminal")]

use std::time::Instant;

use burn::{
    module::Module,
    tensor::{Device, Distribution, Tensor},
};
use coverslip_nets::{
    AnyNetwork, Architecture, Inputs, Network, NetworkIo,
    architectures::{swin_unetr::SwinUnetrConfig, unetr::UnetrConfig},
    build::{BuildSettings, Extent},
};

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let unetr = UnetrConfig {
        image_size: Extent::Stack([32, 128, 128]),
        ..UnetrConfig::default()
    };
    if "unetr".contains(&filter) {
        report("unetr", &unetr, [32, 128, 128]);
    }
    let swin = SwinUnetrConfig::default();
    for (name, size) in [
        ("swin3d-32", [32, 128, 128]),
        ("swin3d-64", [64, 64, 64]),
        ("swin2d", [1, 256, 256]),
    ] {
        if name.contains(&filter) {
            report(name, &swin, size);
        }
    }
}

fn report(name: &str, architecture: &impl Architecture, [z, y, x]: [usize; 3]) {
    let settings = BuildSettings {
        io: NetworkIo {
            in_channels: 1,
            out_channels: 1,
            dimensions: if z == 1 { 2 } else { 3 },
        },
        seed: 0,
        device: Device::flex().autodiff(),
        exact: false,
    };
    let network = AnyNetwork::build(architecture, &settings).expect("the options fit");
    let image = |device: &Device| {
        Tensor::<5>::random([1, 1, z, y, x], Distribution::Uniform(-1.0, 1.0), device)
    };
    let still = network.valid();
    let input = image(&Device::flex());
    let predict = fastest(|| {
        let output = still.forward(Inputs::new(input.clone())).main;
        output.into_data();
    });
    let input = image(&settings.device);
    let train = fastest(|| {
        let output = network.forward(Inputs::new(input.clone())).main;
        let gradients = output.square().mean().backward();
        drop(gradients);
    });
    println!("{name}: prediction {predict:.3} s, forward and backward {train:.3} s");
}

/// Of four runs.
fn fastest(mut work: impl FnMut()) -> f64 {
    let times = (0..4).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}
