//! MONAI's and nnU-Net's networks: parameter counts, refused options, deep supervision, sizes.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use coverslip_nets::{
    AnyNetwork, Architecture, Inputs, Network, NetworkIo,
    architectures::{
        attention_unet::AttentionUnetConfig,
        basic_unet::{BasicUnetConfig, BasicUpsampling},
        dynunet::DynunetConfig,
        highresnet::HighResNetConfig,
        monai_unet::MonaiUnetConfig,
        nnunet_plain::NnunetPlainConfig,
        nnunet_resenc::NnunetResencConfig,
        tunable_unet::TunableUnetConfig,
    },
    blocks::{AdnStep, LevelCounts},
    build::{BuildSettings, Extent},
    layers::NormConfig,
    weights::count_parameters,
};

fn settings(channels: [usize; 2], dimensions: usize, device: &Device) -> BuildSettings {
    BuildSettings {
        io: NetworkIo {
            in_channels: channels[0],
            out_channels: channels[1],
            dimensions,
        },
        seed: 3,
        device: device.clone(),
        // Winograd's algorithm rounds the pixels of a block together, beyond their reach.
        exact: true,
    }
}

fn build(config: &impl Architecture, channels: [usize; 2], dimensions: usize) -> AnyNetwork {
    AnyNetwork::build(config, &settings(channels, dimensions, &Device::flex())).unwrap()
}

fn refusal(config: &impl Architecture) -> String {
    let settings = settings([1, 1], 2, &Device::flex());
    AnyNetwork::build(config, &settings)
        .unwrap_err()
        .to_string()
}

fn image(dims: [usize; 5], device: &Device) -> Tensor<5> {
    let len = dims.iter().product::<usize>();
    let values: Vec<f32> = (0..len)
        .map(|i| ((i * 7919 % 1013) as f32 / 506.5) - 1.0)
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// The counts are those of the reference implementations.
#[test]
fn parameter_counts() {
    let count = |network: AnyNetwork| count_parameters(&network);
    let basic = BasicUnetConfig::default();
    assert_eq!(count(build(&basic, [1, 1], 2)), 1_978_433);
    assert_eq!(count(build(&basic, [1, 2], 3)), 5_749_410);
    let denoising = MonaiUnetConfig {
        channels: vec![64, 128, 256, 512],
        residual_units: 3,
        norm: NormConfig::BATCH,
        ..MonaiUnetConfig::default()
    };
    assert_eq!(count(build(&denoising, [1, 1], 3)), 28_349_744);
    let multiplex = MonaiUnetConfig {
        channels: vec![64, 128, 256, 512, 512],
        ..MonaiUnetConfig::default()
    };
    assert_eq!(count(build(&multiplex, [3, 1], 2)), 7_008_969);
    let plain = MonaiUnetConfig::default();
    assert_eq!(count(build(&plain, [1, 1], 3)), 1_938_535);
    let attention = |channels: &[usize]| AttentionUnetConfig {
        channels: channels.to_vec(),
        ..AttentionUnetConfig::default()
    };
    let wide = attention(&[32, 64, 128, 256, 512, 1024]);
    assert_eq!(count(build(&wide, [3, 2], 2)), 31_805_446);
    let middle = attention(&[32, 64, 128, 256, 512]);
    assert_eq!(count(build(&middle, [1, 1], 2)), 7_939_745);
    let uneven = attention(&[32, 64, 128, 512]);
    assert_eq!(count(build(&uneven, [1, 1], 2)), 4_331_805);
    let stack = AttentionUnetConfig::default();
    assert_eq!(count(build(&stack, [1, 1], 3)), 5_860_701);
    let regression = AttentionUnetConfig {
        strides: Some([1, 2, 2, 2].map(Extent::All).to_vec()),
        ..middle
    };
    assert_eq!(count(build(&regression, [1, 4], 2)), 7_939_844);
    let residual = DynunetConfig {
        residual: true,
        ..DynunetConfig::default()
    };
    assert_eq!(count(build(&residual, [2, 3], 2)), 7_938_467);
    let strides = [[1, 1, 1], [1, 2, 2], [1, 1, 1], [2, 2, 2]];
    let anisotropic = DynunetConfig {
        strides: Some(strides.map(Extent::Stack).to_vec()),
        channels: Some(vec![64, 128, 128, 256]),
        dropout: 0.2,
        ..residual
    };
    assert_eq!(count(build(&anisotropic, [1, 2], 3)), 7_657_730);
    let plain = NnunetPlainConfig::default();
    assert_eq!(count(build(&plain, [1, 2], 2)), 10_710_922);
    assert_eq!(count(build(&plain, [1, 2], 3)), 31_195_594);
    let encoder = NnunetResencConfig::default();
    assert_eq!(count(build(&encoder, [1, 2], 2)), 34_531_722);
    assert_eq!(count(build(&encoder, [1, 2], 3)), 102_349_770);
    let high = HighResNetConfig::default();
    assert_eq!(count(build(&high, [1, 1], 2)), 274_050);
    assert_eq!(count(build(&high, [3, 22], 2)), 276_060);
    assert_eq!(count(build(&high, [1, 1], 3)), 808_866);
}

#[test]
fn options_that_do_not_fit_are_named() {
    let few = BasicUnetConfig {
        channels: [4, 4, 1, 4, 4, 4],
        ..BasicUnetConfig::default()
    };
    assert_eq!(
        refusal(&few),
        "network option `channels`: 1 cannot be halved on the way up; use at least 2"
    );
    let unet = MonaiUnetConfig::default;
    let single = MonaiUnetConfig {
        channels: vec![4],
        ..unet()
    };
    assert_eq!(
        refusal(&single),
        "network option `channels`: expected 2 to 12 entries, found 1"
    );
    let even = MonaiUnetConfig {
        up_kernel: Extent::All(2),
        ..unet()
    };
    assert_eq!(
        refusal(&even),
        "network option `up_kernel`: kernel [1, 2, 2] has an even size; use odd sizes such as 3"
    );
    let twice = MonaiUnetConfig {
        order: vec![AdnStep::Norm, AdnStep::Norm],
        ..unet()
    };
    assert_eq!(
        refusal(&twice),
        "network option `order`: a step is there twice; use each of norm, dropout and activation \
         at most once"
    );
    let dropout = AttentionUnetConfig {
        dropout: 1.0,
        ..AttentionUnetConfig::default()
    };
    assert_eq!(
        refusal(&dropout),
        "network option `dropout`: 1 is not from 0 to 0.95"
    );
    let heads = DynunetConfig {
        deep_supervision: 4,
        ..DynunetConfig::default()
    };
    assert_eq!(
        refusal(&heads),
        "network option `deep_supervision`: 4 is not from 0 to 3"
    );
    let mut narrower = HighResNetConfig::default();
    narrower.stages[2].channels = 8;
    assert_eq!(
        refusal(&narrower),
        "network option `channel_matching`: 8 channels after 32: zeros cannot make channels fewer; \
         use `project`"
    );
    let counts = NnunetPlainConfig {
        convolutions: LevelCounts::Each(vec![2; 3]),
        ..NnunetPlainConfig::default()
    };
    assert_eq!(
        refusal(&counts),
        "network option `convolutions`: expected 6 entries, found 3"
    );
    let groups = BasicUnetConfig {
        channels: [12, 12, 12, 12, 12, 6],
        norm: NormConfig {
            groups: 4,
            ..NormConfig::GROUP
        },
        ..BasicUnetConfig::default()
    };
    assert_eq!(
        refusal(&groups),
        "network option `norm`: 4 groups cannot share the 6 channels of a layer equally; set \
         `groups` to a divisor of the channels of every layer"
    );
    let wide = NnunetResencConfig {
        bottleneck_channels: Some(LevelCounts::All(5000)),
        ..NnunetResencConfig::default()
    };
    assert_eq!(
        refusal(&wide),
        "network option `bottleneck_channels`: 5000 is not from 1 to 4096"
    );
    let per_channel = r#"{"prelu": {"per_channel": true}}"#;
    let shared = TunableUnetConfig {
        activation: serde_json::from_str(per_channel).unwrap(),
        ..TunableUnetConfig::default()
    };
    assert_eq!(
        refusal(&shared),
        "network option `activation`: all layers share the slope of prelu, and their channels \
         differ; leave out `per_channel`"
    );
}

/// Dynamic U-Nets give coarser outputs enlarged, nnU-Net's in their own sizes, and only in training.
#[test]
fn deep_supervision() {
    let dynamic = DynunetConfig {
        channels: Some(vec![4, 6, 8, 10]),
        deep_supervision: 2,
        ..DynunetConfig::default()
    };
    let plain = NnunetPlainConfig {
        channels: vec![4, 6, 8, 10],
        deep_supervision: true,
        ..NnunetPlainConfig::default()
    };
    let residual = NnunetResencConfig {
        channels: vec![4, 6, 8, 10],
        blocks: LevelCounts::All(1),
        deep_supervision: true,
        ..NnunetResencConfig::default()
    };
    let sizes = |training: bool| {
        let device = if training {
            Device::flex().autodiff()
        } else {
            Device::flex()
        };
        let settings = settings([1, 2], 2, &device);
        let networks = [
            AnyNetwork::build(&dynamic, &settings).unwrap(),
            AnyNetwork::build(&plain, &settings).unwrap(),
            AnyNetwork::build(&residual, &settings).unwrap(),
        ];
        networks.map(|network| {
            let outputs = network.forward(Inputs::new(image([1, 1, 1, 16, 24], &device)));
            assert_eq!(outputs.main.dims(), [1, 2, 1, 16, 24]);
            let others = outputs.others.into_iter();
            others
                .map(|(name, map)| (name, map.dims()))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(sizes(false), [vec![], vec![], vec![]]);
    let named = |first, second| vec![("deep_1".to_owned(), first), ("deep_2".to_owned(), second)];
    let enlarged = named([1, 2, 1, 16, 24], [1, 2, 1, 16, 24]);
    let own = named([1, 2, 1, 8, 12], [1, 2, 1, 4, 6]);
    assert_eq!(sizes(true), [enlarged, own.clone(), own]);
}

/// Every network computes the sizes that its rule names, and changing one pixel does not change
/// output pixels farther away than its margin says.
#[test]
fn size_rules_hold() {
    let norm = NormConfig::BATCH;
    let basic = |upsampling| BasicUnetConfig {
        channels: [2, 2, 4, 4, 4, 2],
        norm,
        upsampling,
        ..BasicUnetConfig::default()
    };
    let unet = |residual_units| MonaiUnetConfig {
        channels: vec![2, 3, 4],
        norm,
        residual_units,
        ..MonaiUnetConfig::default()
    };
    let dynamic = |residual| DynunetConfig {
        channels: Some(vec![2, 3, 4]),
        norm,
        residual,
        ..DynunetConfig::default()
    };
    let mut high = HighResNetConfig::default();
    high.stages.truncate(2);
    let plain = NnunetPlainConfig {
        channels: vec![2, 3, 4],
        norm,
        ..NnunetPlainConfig::default()
    };
    let residual = NnunetResencConfig {
        channels: vec![2, 3, 4],
        blocks: LevelCounts::All(2),
        norm,
        ..NnunetResencConfig::default()
    };
    let networks = [
        build(&basic(BasicUpsampling::Transposed), [1, 1], 2),
        build(&basic(BasicUpsampling::PixelShuffle), [1, 1], 2),
        build(&unet(0), [1, 1], 2),
        build(&unet(2), [1, 1], 2),
        build(&dynamic(false), [1, 1], 2),
        build(&dynamic(true), [1, 1], 2),
        build(&high, [1, 1], 2),
        build(&plain, [1, 1], 2),
        build(&residual, [1, 1], 2),
    ];
    for (number, network) in networks.into_iter().enumerate() {
        let sizes = network.sizes();
        let margin = sizes.margin.unwrap()[2];
        let [_, height, width] = sizes.fit([1, 1, 2 * margin + 64]);
        let device = Device::flex();
        let before = image([1, 1, 1, height, width], &device);
        let middle = width / 2 + 1;
        let change = Tensor::full([1, 1, 1, height, 1], 5.0, &device);
        let ranges = [0..1, 0..1, 0..1, 0..height, middle..middle + 1];
        let after = before.clone().slice_assign(ranges, change);
        let compute = |input| {
            let output = network.forward(Inputs::new(input)).main;
            assert_eq!(output.dims(), [1, 1, 1, height, width]);
            output.into_data().try_to_vec::<f32>().unwrap()
        };
        let (before, after) = (compute(before), compute(after));
        let changed = (0..before.len()).filter(|&i| before[i] != after[i]);
        let reach = changed
            .map(|i| (i % width).abs_diff(middle))
            .max()
            .unwrap_or(0);
        assert!(
            reach <= margin,
            "network {number}: reach {reach}, margin {margin}"
        );
    }
    let instance = build(&BasicUnetConfig::default(), [1, 1], 2).sizes();
    assert_eq!((instance.margin, instance.multiple), (None, [1, 16, 16]));
    assert!(instance.accepts([1, 37, 35]));
}
