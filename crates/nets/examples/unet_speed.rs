//! Seconds of a training step (without the optimiser) and of inference of the U-Net of base 32 and
//! depth 4: `cargo run --release -p coverslip-nets --example unet_speed [training|inference]`

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::time::Instant;

use burn::{
    module::Module,
    tensor::{Device, Distribution, Tensor},
};
use coverslip_nets::{Inputs, Network, NetworkIo, unet::UnetConfig};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let io = NetworkIo {
        in_channels: 1,
        out_channels: 2,
        dimensions: 2,
    };
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let device = Device::flex().autodiff();
    let network = UnetConfig::default()
        .init(io, &mut random, &device)
        .expect("the default options");
    for round in 0..4 {
        let input =
            Tensor::<5>::random([4, 1, 1, 256, 256], Distribution::Normal(0.0, 1.0), &device);
        let start = Instant::now();
        let output = network.forward(Inputs::new(input)).main;
        let loss = coverslip_ops::mean(output.square());
        let forward = start.elapsed().as_secs_f64();
        let gradients = loss.backward();
        drop(gradients);
        println!(
            "step {round}: {:.3} s, of which forward {forward:.3}",
            start.elapsed().as_secs_f64()
        );
    }
    let network = network.valid();
    for round in 0..3 {
        let input = Tensor::<5>::random(
            [1, 1, 1, 512, 512],
            Distribution::Normal(0.0, 1.0),
            &Device::flex(),
        );
        let start = Instant::now();
        let output = network.forward(Inputs::new(input)).main;
        let _ = output.into_data();
        println!("inference {round}: {:.3} s", start.elapsed().as_secs_f64());
    }
}
