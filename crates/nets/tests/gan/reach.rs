//! How far pixels reach, and the sizes that networks accept.

use burn::tensor::{Device, Tensor};
use coverslip_nets::{
    AnyNetwork, Architecture, Inputs, Network,
    architectures::{
        chained_unet::ChainedUnetConfig,
        multiscale_discriminator::{
            HdMultiscaleDiscriminatorConfig, MultiscaleDiscriminatorConfig,
        },
        patch_discriminator::{
            KerasPatchDiscriminatorConfig, MmvPatchDiscriminatorConfig, PatchGanConfig,
        },
        pix2pix_unet::Pix2pixUnetConfig,
        resnet_generator::{PredefinedResnetConfig, ResnetGeneratorConfig},
    },
    layers::{ActivationName, NormConfig},
};

use crate::{build, frozen, image, io, output_sizes, plain, values};

/// The farthest output pixel that a pixel changes, over all places in a block of the coarsest map, and
/// the margin that the network claims.
fn reach(network: &AnyNetwork, width: usize) -> (usize, usize) {
    let rule = network.sizes();
    let height = rule.fit([1, 4, 4])[1];
    let input = image([1, 1, 1, height, width]);
    let before = values(network.forward(Inputs::new(input.clone())).main);
    let mut farthest = 0;
    for place in 0..rule.multiple[2] {
        let middle = width / 2 + place;
        let change = Tensor::full([1, 1, 1, height, 1], 5.0, &Device::flex());
        let range = [0..1, 0..1, 0..1, 0..height, middle..middle + 1];
        let changed = input.clone().slice_assign(range, change);
        let after = values(network.forward(Inputs::new(changed)).main);
        let changes = (0..before.len()).filter(|&i| before[i] != after[i]);
        let distances = changes.map(|i| (i % width).abs_diff(middle));
        farthest = farthest.max(distances.max().unwrap());
    }
    (farthest, rule.margin.unwrap()[2])
}

#[test]
fn a_pixel_reaches_no_farther_than_the_margin_of_chains() {
    for kernel in [2, 3, 4, 5, 7] {
        for links in [1, 2] {
            let config = ChainedUnetConfig {
                skips: 2,
                filters: 2,
                kernel,
                activations: vec![ActivationName::None; links],
                ..ChainedUnetConfig::default()
            };
            let (reach, margin) = reach(&plain(&config, io(1, 1, 2)), 256);
            assert!(reach <= margin, "kernel {kernel}: {reach}, margin {margin}");
            assert!(
                3 * reach >= margin,
                "kernel {kernel}: {reach}, margin {margin}"
            );
        }
    }
}

#[test]
fn a_pixel_reaches_no_farther_than_the_margin_of_generators() {
    let resnet = ResnetGeneratorConfig {
        base: 2,
        blocks: 1,
        norm: NormConfig::BATCH,
        ..ResnetGeneratorConfig::default()
    };
    let predefined = PredefinedResnetConfig {
        base: 2,
        downs: 2,
        blocks: 1,
        ..PredefinedResnetConfig::default()
    };
    let unet = Pix2pixUnetConfig {
        base: 2,
        downs: 5,
        ..Pix2pixUnetConfig::default()
    };
    for (network, width) in [
        (plain(&resnet, io(1, 1, 2)), 128),
        (plain(&predefined, io(1, 1, 2)), 128),
        (plain(&unet, io(1, 1, 2)), 384),
    ] {
        let (reach, margin) = reach(&network, width);
        assert!(reach <= margin, "{reach}, margin {margin}");
    }
    let (reach, margin) = reach(&plain(&predefined, io(1, 1, 2)), 128);
    assert!(2 * reach >= margin, "{reach}, margin {margin}");
}

#[test]
fn networks_that_see_the_whole_image_have_no_margin() {
    let config = ResnetGeneratorConfig {
        base: 2,
        ..ResnetGeneratorConfig::default()
    };
    assert_eq!(plain(&config, io(1, 1, 2)).sizes().margin, None);
}

/// How many pixels in a row the middle score sees.
fn seen(config: &impl Architecture) -> usize {
    let device = Device::flex().autodiff();
    let network = frozen(build(config, io(1, 1, 2), &device));
    let size = 160;
    let input = Tensor::from_inner(image([1, 1, 1, size, size])).require_grad();
    let scores = network.forward(Inputs::new(input.clone())).main;
    let [_, _, _, y, x] = scores.dims();
    let middle = scores.slice([0..1, 0..1, 0..1, y / 2..y / 2 + 1, x / 2..x / 2 + 1]);
    let gradients = middle.sum().backward();
    let gradient = values(input.grad(&gradients).unwrap());
    let columns = (0..size).filter(|x| (0..size).any(|y| gradient[y * size + x] != 0.0));
    let columns: Vec<usize> = columns.collect();
    assert!(
        columns[0] > 0 && columns[columns.len() - 1] < size - 1,
        "the edge is seen"
    );
    columns[columns.len() - 1] + 1 - columns[0]
}

#[test]
fn scores_see_patches() {
    let patch_gan = |layers| PatchGanConfig {
        base: 2,
        layers,
        norm: NormConfig::NONE,
    };
    assert_eq!(
        [1, 2, 3, 4].map(|layers| seen(&patch_gan(layers))),
        [16, 34, 70, 142]
    );
    let mmv = |layers| MmvPatchDiscriminatorConfig {
        base: 2,
        layers,
        norm: NormConfig::NONE,
    };
    assert_eq!([2, 3, 4].map(|layers| seen(&mmv(layers))), [22, 46, 94]);
    let keras = |kernel| KerasPatchDiscriminatorConfig { base: 2, kernel };
    assert_eq!([2, 4].map(|kernel| seen(&keras(kernel))), [24, 70]);
}

/// The least size along a row; it has a score.
fn least(config: &impl Architecture) -> usize {
    let network = plain(config, io(1, 1, 2));
    let [_, y, x] = network.sizes().least;
    assert!(network.sizes().accepts([1, y, x + 5]));
    let [_, _, _, height, width] = output_sizes(&network, [1, 1, 1, y, x + 5]);
    assert!(height == 1 && width >= 1, "{height} x {width} scores");
    x
}

#[test]
fn the_least_sizes_have_a_score() {
    let (base, norm) = (2, NormConfig::INSTANCE);
    let patch_gan = |layers| PatchGanConfig { base, layers, norm };
    assert_eq!(
        [1, 2, 3].map(|layers| least(&patch_gan(layers))),
        [6, 12, 24]
    );
    let mmv = |layers| MmvPatchDiscriminatorConfig { base, layers, norm };
    assert_eq!([2, 3, 4].map(|layers| least(&mmv(layers))), [8, 16, 32]);
    let multiscale = |scales| MultiscaleDiscriminatorConfig {
        scales,
        base,
        layers: 2,
        norm,
    };
    let network = plain(&multiscale(3), io(1, 1, 2));
    assert_eq!(network.sizes().least, [1, 29, 29]);
    let outputs = network.forward(Inputs::new(image([1, 1, 1, 29, 29])));
    let sizes = |name: &str| outputs.others[name].dims()[3];
    assert_eq!(["scale0", "scale1", "scale2"].map(sizes), [6, 2, 1]);
    let keras = KerasPatchDiscriminatorConfig { base, kernel: 4 };
    let network = plain(&keras, io(1, 1, 2));
    assert_eq!(network.sizes().least, [1, 17, 17]);
    assert_eq!(output_sizes(&network, [1, 1, 1, 17, 33]), [1, 1, 1, 1, 3]);
}

#[test]
fn odd_sizes_are_rounded_up_as_keras_does() {
    let config = KerasPatchDiscriminatorConfig { base: 2, kernel: 2 };
    let network = plain(&config, io(1, 1, 2));
    assert_eq!(output_sizes(&network, [1, 1, 1, 30, 33]), [1, 1, 1, 6, 7]);
}

#[test]
fn hd_scales_and_layers_have_names() {
    let config = HdMultiscaleDiscriminatorConfig {
        base: 2,
        layers: 2,
        ..HdMultiscaleDiscriminatorConfig::default()
    };
    let network = plain(&config, io(1, 1, 2));
    let outputs = network.forward(Inputs::new(image([1, 1, 1, 32, 32])));
    let names: Vec<&str> = outputs.others.keys().map(String::as_str).collect();
    let per_scale = |scale: &str| {
        let layers = ["", "_layer0", "_layer1", "_layer2"];
        layers.map(|layer| format!("{scale}{layer}"))
    };
    assert_eq!(names, [per_scale("scale0"), per_scale("scale1")].concat());
    assert_eq!(outputs.others["scale0_layer2"].dims(), [1, 8, 1, 10, 10]);
    assert_eq!(
        values(outputs.main),
        values(outputs.others["scale0"].clone())
    );
    let scores_alone = HdMultiscaleDiscriminatorConfig {
        features: false,
        ..config
    };
    let outputs = plain(&scores_alone, io(1, 1, 2)).forward(Inputs::new(image([1, 1, 1, 32, 32])));
    assert_eq!(outputs.others.len(), 2);
}

#[test]
fn generators_give_the_sizes_they_are_given() {
    let resnet = ResnetGeneratorConfig {
        base: 2,
        blocks: 1,
        dropout: 0.5,
        ..ResnetGeneratorConfig::default()
    };
    let network = plain(&resnet, io(1, 2, 3));
    let least = network.sizes().fit([1, 1, 1]);
    assert_eq!(least, [8, 8, 8]);
    assert_eq!(output_sizes(&network, [1, 1, 8, 8, 12]), [1, 2, 8, 8, 12]);
    let predefined = PredefinedResnetConfig {
        base: 2,
        downs: 1,
        blocks: 1,
        ..PredefinedResnetConfig::default()
    };
    // The edge can be repeated more often than there are pixels.
    let network = plain(&predefined, io(1, 2, 3));
    assert_eq!(network.sizes().fit([1, 1, 1]), [2, 2, 2]);
    assert_eq!(output_sizes(&network, [1, 1, 2, 2, 4]), [1, 2, 2, 2, 4]);
    let network = plain(&predefined, io(1, 2, 2));
    assert_eq!(network.sizes().fit([1, 1, 1]), [1, 4, 4]);
    assert_eq!(output_sizes(&network, [1, 1, 1, 4, 6]), [1, 2, 1, 4, 6]);
    let unet = Pix2pixUnetConfig {
        base: 2,
        downs: 5,
        ..Pix2pixUnetConfig::default()
    };
    let network = plain(&unet, io(1, 2, 2));
    assert_eq!(output_sizes(&network, [1, 1, 1, 32, 64]), [1, 2, 1, 32, 64]);
}
