//! Options that cannot work.

use burn::tensor::Device;
use coverslip_nets::{
    AnyNetwork, Architecture, NetworkIo,
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
    layers::ActivationName,
};

use crate::io;

fn refusal(config: &impl Architecture, io: NetworkIo) -> String {
    let settings = BuildSettings {
        io,
        seed: 0,
        device: Device::flex(),
        exact: false,
    };
    let problem = AnyNetwork::build(config, &settings).unwrap_err();
    let text = problem.to_string();
    text.strip_prefix("network option ").unwrap().to_owned()
}

#[test]
fn discriminators_give_one_channel() {
    let refused = [
        refusal(&PatchGanConfig::default(), io(3, 2, 2)),
        refusal(&MmvPatchDiscriminatorConfig::default(), io(3, 2, 2)),
        refusal(&KerasPatchDiscriminatorConfig::default(), io(3, 2, 2)),
        refusal(&MultiscaleDiscriminatorConfig::default(), io(3, 2, 2)),
        refusal(&HdMultiscaleDiscriminatorConfig::default(), io(3, 2, 2)),
        refusal(&MaskDiscriminatorConfig::default(), io(3, 2, 2)),
    ];
    for text in refused {
        assert_eq!(
            text,
            "`out_channels`: a discriminator gives one channel, the score of being real; set 1 \
             instead of 2"
        );
    }
}

#[test]
fn masks_are_planar() {
    let text = "`dimensions`: masks of 28 x 28 pixels are 2D; set 2 instead of 3";
    assert_eq!(refusal(&MaskGeneratorConfig::default(), io(3, 1, 3)), text);
    assert_eq!(
        refusal(&MaskDiscriminatorConfig::default(), io(1, 1, 3)),
        text
    );
    let uneven = MaskGeneratorConfig { base: 6 };
    assert_eq!(
        refusal(&uneven, io(3, 1, 2)),
        "`base`: 6 is not a multiple of 4"
    );
}

#[test]
fn chains_have_one_to_eight_links() {
    let refused = |activations| {
        let config = ChainedUnetConfig {
            activations,
            ..ChainedUnetConfig::default()
        };
        refusal(&config, io(1, 1, 2))
    };
    assert_eq!(
        refused(Vec::new()),
        "`activations`: name 1 to 8 functions, one for each U-Net, instead of 0"
    );
    assert_eq!(
        refused(vec![ActivationName::Tanh; 9]),
        "`activations`: name 1 to 8 functions, one for each U-Net, instead of 9"
    );
}

#[test]
fn numbers_outside_their_ranges_are_refused() {
    macro_rules! refused {
        ($config:ident { $field:ident: $value:expr }, $text:literal) => {
            let config = $config {
                $field: $value,
                ..$config::default()
            };
            assert_eq!(refusal(&config, io(1, 1, 2)), $text);
        };
    }
    refused!(
        ChainedUnetConfig { skips: 1 },
        "`skips`: 1 is not from 2 to 8"
    );
    refused!(
        ChainedUnetConfig { kernel: 1 },
        "`kernel`: 1 is not from 2 to 15"
    );
    refused!(
        ChainedUnetConfig { filters: 0 },
        "`filters`: 0 is not from 1 to 1024"
    );
    refused!(
        ChainedUnetConfig { dropout: 1.0 },
        "`dropout`: 1 is not from 0 to 0.95"
    );
    refused!(
        PatchGanConfig { layers: 60 },
        "`layers`: 60 is not from 1 to 8"
    );
    refused!(
        MmvPatchDiscriminatorConfig { base: 0 },
        "`base`: 0 is not from 1 to 1024"
    );
    refused!(
        KerasPatchDiscriminatorConfig { kernel: 0 },
        "`kernel`: 0 is not from 1 to 8"
    );
    refused!(
        MultiscaleDiscriminatorConfig { scales: 0 },
        "`scales`: 0 is not from 1 to 8"
    );
    refused!(
        HdMultiscaleDiscriminatorConfig { scales: 99 },
        "`scales`: 99 is not from 1 to 8"
    );
    refused!(
        ResnetGeneratorConfig { downs: 64 },
        "`downs`: 64 is not from 1 to 8"
    );
    refused!(
        PredefinedResnetConfig { blocks: 65 },
        "`blocks`: 65 is not from 0 to 64"
    );
    refused!(
        Pix2pixUnetConfig { downs: 4 },
        "`downs`: 4 is not from 5 to 12"
    );
    refused!(
        Pix2pixUnetConfig { dropout: -0.5 },
        "`dropout`: -0.5 is not from 0 to 0.95"
    );
    refused!(
        MaskDiscriminatorConfig { dropout: f64::NAN },
        "`dropout`: NaN is not from 0 to 0.95"
    );
}

#[test]
fn networks_too_large_for_memory_are_refused() {
    let wide = ChainedUnetConfig {
        filters: 1024,
        skips: 8,
        ..ChainedUnetConfig::default()
    };
    for channels in [1, usize::MAX] {
        assert!(refusal(&wide, io(channels, channels, 2)).starts_with("`*`: widths"));
    }
}
