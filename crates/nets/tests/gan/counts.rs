//! Numbers of parameters that the references have.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use coverslip_nets::{
    AnyNetwork, Architecture,
    architectures::{
        chained_unet::ChainedUnetConfig,
        mask_gan::{MaskDiscriminatorConfig, MaskGeneratorConfig},
        multiscale_discriminator::{
            HdMultiscaleDiscriminatorConfig, MultiscaleDiscriminatorConfig,
        },
        patch_discriminator::{
            KerasPatchDiscriminatorConfig, MmvPatchDiscriminatorConfig, PatchGanConfig,
        },
        pix2pix_unet::Pix2pixUnetConfig,
        resnet_generator::{PredefinedResnetConfig, ResnetGeneratorConfig},
    },
    build::BuildSettings,
    layers::{ActivationName, NormConfig},
    weights::count_parameters,
};

use crate::{io, plain};

/// Parameters and running statistics, as Keras counts.
fn total(network: &AnyNetwork) -> usize {
    struct Counter(usize);
    impl ModuleVisitor for Counter {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 += param.lazy_shape().num_elements();
        }
    }
    let mut counter = Counter(0);
    network.visit(&mut counter);
    counter.0
}

/// A chain of so many U-Nets.
fn chain(links: usize, skips: usize, filters: usize, kernel: usize) -> ChainedUnetConfig {
    ChainedUnetConfig {
        skips,
        filters,
        kernel,
        activations: vec![ActivationName::Tanh; links],
        ..ChainedUnetConfig::default()
    }
}

/// The count of the nuclei GAN's generators by the layers of its paper.
fn expected(links: usize, channels: usize, skips: usize, filters: usize, kernel: usize) -> usize {
    let area = kernel * kernel;
    let width = |level: usize| filters << level;
    let single = |channels: usize| {
        let first = area * channels * width(0);
        let down = (1..=skips).map(|i| area * width(i - 1) * width(i) + 4 * width(i));
        let up = (0..skips).rev().map(|i| {
            let joined = if i + 1 == skips { 1 } else { 2 };
            area * joined * width(i + 1) * width(i) + 4 * width(i)
        });
        first + down.sum::<usize>() + up.sum::<usize>() + area * 2 * filters + 1
    };
    (0..links).map(|link| single(channels + link)).sum()
}

/// The count for every chain, depth, width and kernel among which the paper's 84 are.
#[test]
fn chains_of_the_nuclei_gan() {
    let mut compared = 0;
    for links in 1..=3 {
        for (skips, channels) in [(4, 4), (4, 5), (6, 4), (6, 5)] {
            for filters in [8, 16, 32, 64] {
                for kernel in [2, 3, 5, 7] {
                    let count = expected(links, channels, skips, filters, kernel);
                    let settings = BuildSettings {
                        io: io(channels, 1, 2),
                        seed: 0,
                        device: Device::flex(),
                        exact: true,
                    };
                    let config = chain(links, skips, filters, kernel);
                    match AnyNetwork::build(&config, &settings) {
                        Ok(network) => {
                            assert_eq!(total(&network), count, "{config:?}, {channels} channels");
                            compared += 1;
                        }
                        Err(_) => assert!(count > 1 << 30, "{config:?} is refused"),
                    }
                }
            }
        }
    }
    assert!(compared > 180, "{compared} compared");
}

#[test]
fn printed_figures_of_the_nuclei_gan() {
    for (links, channels, skips, filters, kernel, count) in [
        (1, 4, 4, 16, 3, 883_873),
        (1, 5, 6, 16, 5, 39_323_697),
        (3, 4, 4, 16, 3, 2_652_051),
        (3, 5, 6, 16, 5, 117_972_291),
        (1, 4, 4, 64, 3, 14_097_025),
        (1, 4, 6, 16, 3, 14_164_129),
    ] {
        let network = plain(&chain(links, skips, filters, kernel), io(channels, 1, 2));
        assert_eq!(total(&network), count);
    }
    let discriminator = KerasPatchDiscriminatorConfig::default();
    assert_eq!(total(&plain(&discriminator, io(5, 1, 2))), 695_041);
    assert_eq!(total(&plain(&discriminator, io(6, 1, 2))), 695_297);
}

#[test]
fn the_mask_gan() {
    let generator = plain(&MaskGeneratorConfig::default(), io(100, 1, 2));
    assert_eq!(total(&generator), 2_330_944);
    assert_eq!(count_parameters(&generator), 2_305_472);
    let discriminator = plain(&MaskDiscriminatorConfig::default(), io(1, 1, 2));
    assert_eq!(total(&discriminator), 212_865);
}

fn learned(config: &impl Architecture, channels: [usize; 2], dimensions: usize) -> usize {
    count_parameters(&plain(config, io(channels[0], channels[1], dimensions)))
}

#[test]
fn discriminators() {
    let patch_gan = |norm, channels| {
        let config = PatchGanConfig {
            norm,
            ..PatchGanConfig::default()
        };
        learned(&config, [channels, 1], 2)
    };
    assert_eq!(patch_gan(NormConfig::BATCH, 2), 2_764_609);
    assert_eq!(patch_gan(NormConfig::BATCH, 3), 2_765_633);
    assert_eq!(patch_gan(NormConfig::BATCH, 4), 2_766_657);
    assert_eq!(patch_gan(NormConfig::BATCH, 6), 2_768_705);
    assert_eq!(patch_gan(NormConfig::INSTANCE, 3), 2_764_737);
    let mmv = |layers, channels, dimensions| {
        let config = MmvPatchDiscriminatorConfig {
            layers,
            ..MmvPatchDiscriminatorConfig::default()
        };
        learned(&config, [channels, 1], dimensions)
    };
    assert_eq!(mmv(4, 1, 2), 2_762_689);
    assert_eq!(mmv(4, 2, 2), 2_763_713);
    assert_eq!(mmv(4, 4, 2), 2_765_761);
    assert_eq!(mmv(4, 1, 3), 11_047_873);
    assert_eq!(mmv(3, 2, 3), 2_646_465);
    assert_eq!(mmv(4, 2, 3), 11_051_969);
    let multiscale = |layers, channels, dimensions| {
        let config = MultiscaleDiscriminatorConfig {
            layers,
            ..MultiscaleDiscriminatorConfig::default()
        };
        learned(&config, [channels, 1], dimensions)
    };
    assert_eq!(multiscale(4, 2, 2), 5_527_426);
    assert_eq!(multiscale(4, 4, 2), 5_531_522);
    assert_eq!(multiscale(3, 2, 3), 5_292_930);
    let hd = HdMultiscaleDiscriminatorConfig::default();
    assert_eq!(learned(&hd, [6, 1], 2), 5_535_618);
}

#[test]
fn generators() {
    let resnet = |blocks, channels| {
        let config = ResnetGeneratorConfig {
            blocks,
            ..ResnetGeneratorConfig::default()
        };
        learned(&config, [channels, channels], 2)
    };
    assert_eq!(resnet(6, 3), 7_837_699);
    assert_eq!(resnet(6, 1), 7_825_153);
    assert_eq!(resnet(9, 3), 11_378_179);
    assert_eq!(resnet(9, 1), 11_365_633);
    let global = ResnetGeneratorConfig {
        downs: 4,
        always_bias: true,
        ..ResnetGeneratorConfig::default()
    };
    assert_eq!(learned(&global, [3, 3], 2), 182_443_267);
    let predefined = PredefinedResnetConfig::default();
    assert_eq!(learned(&predefined, [1, 1], 2), 182_473_473);
    for (downs, count) in [(7, 41_828_995), (8, 54_413_955)] {
        let config = Pix2pixUnetConfig {
            downs,
            ..Pix2pixUnetConfig::default()
        };
        assert_eq!(learned(&config, [3, 3], 2), count);
    }
}
