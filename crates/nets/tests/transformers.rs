//! UNETR and Swin UNETR: weights, sizes, and options that are refused.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use burn::tensor::{Device, Distribution, Tensor};
use coverslip_nets::{
    AnyNetwork, Architecture, Inputs, Network, NetworkIo,
    architectures::{swin_unetr::SwinUnetrConfig, unetr::UnetrConfig},
    blocks::TokenMerging,
    build::{BuildSettings, Extent},
    weights::{self, StateDict},
};

fn settings(dimensions: usize, device: Device) -> BuildSettings {
    BuildSettings {
        io: NetworkIo {
            in_channels: 1,
            out_channels: 1,
            dimensions,
        },
        seed: 0,
        device,
        exact: false,
    }
}

fn built(architecture: &impl Architecture, dimensions: usize) -> AnyNetwork {
    AnyNetwork::build(architecture, &settings(dimensions, Device::flex())).unwrap()
}

fn count(architecture: &impl Architecture, dimensions: usize) -> usize {
    weights::count_parameters(&built(architecture, dimensions))
}

fn refusal(architecture: &impl Architecture, dimensions: usize) -> String {
    let result = AnyNetwork::build(architecture, &settings(dimensions, Device::flex()));
    result.unwrap_err().to_string()
}

fn small_unetr() -> UnetrConfig {
    UnetrConfig {
        image_size: Extent::All(32),
        feature_size: 2,
        hidden_size: 8,
        mlp_size: 12,
        heads: 2,
        ..UnetrConfig::default()
    }
}

#[test]
fn parameters_are_as_many_as_in_the_references() {
    let unetr = UnetrConfig {
        image_size: Extent::Stack([32, 128, 128]),
        ..UnetrConfig::default()
    };
    assert_eq!(count(&unetr, 3), 92_734_673);
    let older = UnetrConfig {
        unused_norms: false,
        ..unetr
    };
    assert_eq!(count(&older, 3), 92_734_673 - 12 * 2 * 768);
    let swin = SwinUnetrConfig::default();
    assert_eq!(count(&swin, 3), 15_702_979);
    assert_eq!(count(&swin, 2), 6_302_203);
    let wide = SwinUnetrConfig {
        feature_size: 48,
        ..swin
    };
    assert_eq!(count(&wide, 3), 62_186_659);
}

#[test]
fn options_that_cannot_work_are_refused() {
    let unetr = UnetrConfig {
        image_size: Extent::Plane([32, 40]),
        ..small_unetr()
    };
    assert_eq!(
        refusal(&unetr, 2),
        "network option `image_size`: [1, 32, 40] (z, y, x) is not made of whole patches of \
         [1, 16, 16] pixels; use multiples of 16"
    );
    let unetr = UnetrConfig {
        heads: 3,
        ..small_unetr()
    };
    assert_eq!(
        refusal(&unetr, 2),
        "network option `heads`: 3 heads cannot share 8 channels equally; use a divisor of 8"
    );
    let swin = SwinUnetrConfig {
        feature_size: 32,
        ..SwinUnetrConfig::default()
    };
    assert_eq!(
        refusal(&swin, 3),
        "network option `feature_size`: 32 is no multiple of 12; use 24 or 36"
    );
    let swin = SwinUnetrConfig {
        heads: [3, 6, 12, 7],
        ..SwinUnetrConfig::default()
    };
    assert_eq!(
        refusal(&swin, 3),
        "network option `heads`: 7 heads cannot share 192 channels equally; use a divisor of 192"
    );
    let swin = SwinUnetrConfig {
        window: Extent::All(32),
        ..SwinUnetrConfig::default()
    };
    assert_eq!(
        refusal(&swin, 3),
        "network option `window`: [32, 32, 32] (z, y, x) makes windows of 32768 tokens; at most \
         4096 are possible"
    );
    let swin = SwinUnetrConfig {
        depths: [2, 0, 2, 2],
        ..SwinUnetrConfig::default()
    };
    assert_eq!(
        refusal(&swin, 3),
        "network option `depths`: 0 is not from 1 to 64"
    );
}

#[test]
fn weights_that_nothing_is_computed_with_are_passed_over() {
    let config = UnetrConfig {
        unused_norms: false,
        ..small_unetr()
    };
    let network = built(&config, 2);
    let mut dict: StateDict = weights::collect(&network);
    let [extra, unknown] =
        ["norm_cross_attn.weight", "other.weight"].map(|name| format!("vit.blocks.0.{name}"));
    let some = dict.values().next().unwrap().clone();
    dict.insert(
        "vit.blocks.0.cross_attn.to_q.weight".to_owned(),
        some.clone(),
    );
    dict.insert(extra, some.clone());
    let (network, report) = weights::load(network, &dict);
    assert!(report.is_complete(), "{report:?}");
    dict.insert(unknown.clone(), some);
    let (_, report) = weights::load(network, &dict);
    assert_eq!(report.unexpected, [unknown]);
}

/// The main output for a random image, whose sizes are those of the image.
fn computed(network: &AnyNetwork, [z, y, x]: [usize; 3], device: &Device) -> Tensor<5> {
    assert!(network.sizes().accepts([z, y, x]));
    let image = Tensor::random([2, 1, z, y, x], Distribution::Default, device);
    let output = network.forward(Inputs::new(image)).main;
    assert_eq!(output.dims(), [2, 1, z, y, x]);
    let sum = output.clone().abs().sum().into_scalar::<f32>();
    assert!(sum.is_finite());
    output
}

#[test]
fn unetr_computes_its_size_with_every_option() {
    let device = Device::flex();
    for (conv_block, res_block) in [(true, false), (false, true), (false, false)] {
        let config = UnetrConfig {
            conv_block,
            res_block,
            projection: coverslip_nets::architectures::unetr::PatchProjection::Perceptron,
            qkv_bias: true,
            ..small_unetr()
        };
        let network = built(&config, 2);
        computed(&network, [1, 32, 32], &device);
        assert!(!network.sizes().accepts([1, 48, 32]));
    }
}

#[test]
fn swin_unetr_computes_multiples_of_32() {
    let device = Device::flex();
    for merging in [TokenMerging::MergingV2, TokenMerging::Legacy] {
        let config = SwinUnetrConfig {
            feature_size: 12,
            heads: [1, 2, 3, 4],
            depths: [1, 3, 2, 1],
            window: Extent::All(3),
            merging,
            residual_stages: true,
            patch_norm: true,
            normalize: false,
            ..SwinUnetrConfig::default()
        };
        computed(&built(&config, 2), [1, 64, 96], &device);
        let network = built(&config, 3);
        computed(&network, [32, 32, 64], &device);
        assert!(!network.sizes().accepts([16, 64, 64]));
    }
}

#[test]
fn dropout_draws_anew_in_every_pass() {
    let device = Device::flex().autodiff();
    let config = SwinUnetrConfig {
        feature_size: 12,
        dropout: 0.1,
        attention_dropout: 0.1,
        path_dropout: 0.5,
        ..SwinUnetrConfig::default()
    };
    let network = AnyNetwork::build(&config, &settings(2, device.clone())).unwrap();
    let image = Tensor::random([1, 1, 1, 64, 64], Distribution::Default, &device);
    let pass = |draw| {
        let inputs = Inputs::new(image.clone()).with_draw(draw);
        network.forward(inputs).main
    };
    let first = pass(1);
    let differs = |other: Tensor<5>| {
        let difference = (first.clone() - other).abs().max();
        difference.into_scalar::<f32>() > 0.0
    };
    assert!(!differs(pass(1)));
    assert!(differs(pass(2)));
    first.sum().backward();
}
