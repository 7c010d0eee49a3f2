//! Parameter counts of the papers and of the reference implementations.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use burn::tensor::Device;
use coverslip_nets::{
    AnyNetwork, Architecture, NetworkIo,
    architectures::{
        anisotropic_unet::AnisotropicUnetConfig,
        branched_erfnet::BranchedErfnetConfig,
        fnet::FnetConfig,
        msdnet::MsdnetConfig,
        probabilistic_unet::ProbabilisticUnetConfig,
        tunable_unet::TunableUnetConfig,
        unet::{UnetConfig, Upsampling},
    },
    build::BuildSettings,
    layers::NormConfig,
    weights::count_parameters,
};

fn count(network: &impl Architecture, channels: [usize; 2], dimensions: usize) -> usize {
    let settings = BuildSettings {
        io: NetworkIo {
            in_channels: channels[0],
            out_channels: channels[1],
            dimensions,
        },
        seed: 0,
        device: Device::flex(),
        exact: false,
    };
    count_parameters(&AnyNetwork::build(network, &settings).unwrap())
}

#[test]
fn milesial_unet() {
    for (channels, transposed, bilinear) in [
        ([1, 1], 31_036_481, 17_261_825),
        ([1, 2], 31_036_546, 17_261_890),
        ([3, 2], 31_037_698, 17_263_042),
        ([1, 4], 31_036_676, 17_262_020),
    ] {
        for (upsampling, expected) in [
            (Upsampling::Transposed, transposed),
            (Upsampling::Bilinear, bilinear),
        ] {
            let config = UnetConfig {
                base: 64,
                upsampling,
                ..UnetConfig::default()
            };
            assert_eq!(count(&config, channels, 2), expected);
        }
    }
}

/// The tables of the FIB-SEM study print 2.14, 8.56, 2.57, 8.63 and 34.51 million; pyMSDtorch with
/// its contracting decoder and batch normalisation gives 2.00, 8.01, 2.42, 8.05 and 32.20 million.
#[test]
fn tunable_unet() {
    for (depth, base, growth, of_2022, with_norm, of_dlsia, contracting) in [
        (4, 32, 2.0, 2_140_164, 2_142_980, 1_927_940, 2.00),
        (4, 64, 2.0, 8_556_548, 8_562_180, 7_702_020, 8.01),
        (4, 64, 1.5, 2_567_716, 2_571_012, 2_315_652, 2.42),
        (5, 32, 2.0, 8_630_020, 8_635_908, 7_765_508, 8.05),
        (5, 64, 2.0, 34_512_388, 34_524_164, 31_042_564, 32.20),
    ] {
        let dlsia = TunableUnetConfig {
            depth,
            base,
            growth,
            ..TunableUnetConfig::default()
        };
        assert_eq!(count(&dlsia, [1, 4], 2), of_dlsia);
        let paper = TunableUnetConfig {
            pool_kernel: 3,
            pool_stride: Some(2),
            norm: NormConfig::NONE,
            ..dlsia
        };
        assert_eq!(count(&paper, [1, 4], 2), of_2022);
        let normalized = TunableUnetConfig {
            norm: NormConfig::BATCH,
            ..paper
        };
        assert_eq!(count(&normalized, [1, 4], 2), with_norm);
        let older = TunableUnetConfig {
            contracting: true,
            ..normalized
        };
        let millions = count(&older, [1, 4], 2) as f64 / 1e6;
        assert_eq!((millions * 100.0).round() / 100.0, contracting);
    }
}

#[test]
fn mixed_scale_dense_network() {
    for (layers, max_dilation, channels, dimensions, expected) in [
        (40, 15, [1, 4], 2, 9_308),
        (40, 15, [1, 5], 2, 9_350),
        (45, 12, [1, 4], 2, 11_708),
        (30, 15, [1, 4], 2, 5_333),
        (100, 10, [1, 4], 2, 56_258),
        (200, 10, [1, 4], 2, 222_508),
        (40, 10, [1, 4], 3, 24_068),
    ] {
        let config = MsdnetConfig {
            layers,
            max_dilation,
            ..MsdnetConfig::default()
        };
        assert_eq!(count(&config, channels, dimensions), expected);
    }
    let custom = MsdnetConfig {
        layers: 45,
        dilations: Some(vec![1, 2, 4, 8, 16, 32]),
        norm: NormConfig::NONE,
        ..MsdnetConfig::default()
    };
    assert_eq!(count(&custom, [1, 4], 2), 9_548);
}

#[test]
fn fnet() {
    assert_eq!(count(&FnetConfig::default(), [1, 1], 2), 8_116_225);
    assert_eq!(count(&FnetConfig::default(), [1, 1], 3), 23_280_769);
}

#[test]
fn anisotropic_unet() {
    for (down_ratio, classes, expected) in [
        (2, 1, 17_935_425),
        (3, 1, 17_955_905),
        (2, 7, 17_935_815),
        (4, 7, 17_984_967),
    ] {
        let config = AnisotropicUnetConfig {
            down_ratio,
            ..AnisotropicUnetConfig::default()
        };
        assert_eq!(count(&config, [1, classes], 3), expected);
    }
}

#[test]
fn branched_erfnet() {
    for (branches, dimensions, expected) in [(vec![4, 1], 2, 2_252_624), (vec![6, 1], 3, 3_690_146)]
    {
        let classes = branches.iter().sum();
        let config = BranchedErfnetConfig {
            branches: Some(branches),
            ..BranchedErfnetConfig::default()
        };
        assert_eq!(count(&config, [1, classes], dimensions), expected);
    }
}

#[test]
fn probabilistic_unet() {
    let config = ProbabilisticUnetConfig::default();
    assert_eq!(count(&config, [2, 3], 2), 18_084_411);
}
