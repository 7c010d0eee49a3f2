//! How far a pixel reaches: what a network says must bound what it does, so that tiles cut by it equal
//! the whole image.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use coverslip_nets::{
    AnyNetwork, Architecture, Inputs, Network, NetworkIo,
    architectures::{
        anisotropic_unet::AnisotropicUnetConfig,
        fnet::FnetConfig,
        msdnet::{MsdnetConfig, PaddingMode},
        tunable_unet::TunableUnetConfig,
    },
    build::BuildSettings,
};

fn build(architecture: &impl Architecture) -> AnyNetwork {
    let settings = BuildSettings {
        io: NetworkIo {
            in_channels: 1,
            out_channels: 2,
            dimensions: 2,
        },
        seed: 3,
        device: Device::flex(),
        // Winograd's algorithm rounds pixels of a block together.
        exact: true,
    };
    AnyNetwork::build(architecture, &settings).unwrap()
}

fn values(network: &AnyNetwork, image: Tensor<5>) -> Vec<f32> {
    let output = network.forward(Inputs::new(image)).main;
    output.into_data().try_to_vec::<f32>().unwrap()
}

/// Changes columns of an image in the middle, one after the other, and checks how far away the result
/// differs.
fn check(name: &str, network: &AnyNetwork, width: usize) {
    let rule = network.sizes();
    let margin = rule.margin.unwrap()[2];
    let height = rule.fit([1, 8, width])[1];
    let pixels: Vec<f32> = (0..height * width)
        .map(|i| ((i * 7919 % 1013) as f32 / 506.5) - 1.0)
        .collect();
    let data = TensorData::new(pixels, [1, 1, 1, height, width]);
    let image = Tensor::<5>::from_data(data, &Device::flex());
    let before = values(network, image.clone());
    let mut farthest = 0;
    for column in 0..rule.multiple[2].max(2) {
        let middle = width / 2 + column;
        let change = Tensor::full([1, 1, 1, height, 1], 4.0, &Device::flex());
        let range = [0..1, 0..1, 0..1, 0..height, middle..middle + 1];
        let after = values(network, image.clone().slice_assign(range, change));
        let changed = (0..before.len()).filter(|&i| before[i] != after[i]);
        let distances = changed.map(|i| (i % width).abs_diff(middle));
        farthest = farthest.max(distances.max().unwrap());
    }
    assert!(
        farthest <= margin,
        "{name}: reach {farthest}, margin {margin}"
    );
    assert!(
        3 * farthest >= margin,
        "{name}: reach {farthest}, margin {margin}"
    );
}

#[test]
fn margins_bound_the_reach() {
    let fnet = FnetConfig {
        depth: 2,
        multiplier: 4,
    };
    check("fnet", &build(&fnet), 128);
    for (pool_kernel, pool_stride) in [(2, None), (3, Some(2)), (3, None)] {
        let tunable = TunableUnetConfig {
            depth: 3,
            base: 4,
            pool_kernel,
            pool_stride,
            ..TunableUnetConfig::default()
        };
        check("tunable_unet", &build(&tunable), 16 * 18);
    }
    for down_ratio in [1, 2, 3] {
        let anisotropic = AnisotropicUnetConfig {
            base: 2,
            down_ratio,
            ..AnisotropicUnetConfig::default()
        };
        check("anisotropic_unet", &build(&anisotropic), 576);
    }
    for padding in [PaddingMode::Zeros, PaddingMode::Reflect] {
        let msdnet = MsdnetConfig {
            layers: 6,
            max_dilation: 4,
            padding,
            ..MsdnetConfig::default()
        };
        check("msdnet", &build(&msdnet), 96);
    }
}
