//! The U-Net: shapes, the sizes it accepts, how far a pixel reaches, and the bridge to networks of
//! other crates.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use coverslip_nets::{
    AnyNetwork, Architecture, Inputs, Network, NetworkIo,
    architectures::unet::{UnetConfig, Upsampling},
    build::{BuildSettings, Extent, NetworkBuilder},
    layers::NormConfig,
    weights::count_parameters,
};

const PLANE: NetworkIo = NetworkIo {
    in_channels: 2,
    out_channels: 3,
    dimensions: 2,
};

fn settings(io: NetworkIo, device: &Device) -> BuildSettings {
    BuildSettings {
        io,
        seed: 7,
        device: device.clone(),
        exact: false,
    }
}

fn build(config: &UnetConfig, io: NetworkIo, device: &Device) -> AnyNetwork {
    AnyNetwork::build(config, &settings(io, device)).unwrap()
}

fn small() -> UnetConfig {
    UnetConfig {
        base: 4,
        depth: 2,
        ..UnetConfig::default()
    }
}

fn image(dims: [usize; 5]) -> Tensor<5> {
    let len = dims.iter().product::<usize>();
    let values: Vec<f32> = (0..len)
        .map(|i| ((i * 7919 % 1013) as f32 / 506.5) - 1.0)
        .collect();
    Tensor::from_data(TensorData::new(values, dims), &Device::flex())
}

fn values(tensor: Tensor<5>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().unwrap()
}

#[test]
fn absurd_options_are_refused_before_memory_is_asked_for() {
    let refusal = |config: UnetConfig, out_channels| {
        let io = NetworkIo {
            in_channels: 1,
            out_channels,
            dimensions: 2,
        };
        let network = AnyNetwork::build(&config, &settings(io, &Device::flex()));
        network.unwrap_err().to_string()
    };
    let default = UnetConfig::default;
    let deep = UnetConfig {
        depth: 40,
        ..default()
    };
    assert_eq!(
        refusal(deep, 2),
        "network option `depth`: 40 is not from 1 to 8"
    );
    let weights = "network option `*`: widths, kernels, levels and channels together make about";
    let wide = UnetConfig {
        base: 1024,
        ..default()
    };
    assert_eq!(
        refusal(wide, 2),
        format!("{weights} 8e9 weights; at most 1e9 are possible")
    );
    assert_eq!(
        refusal(default(), usize::MAX),
        format!("{weights} 6e20 weights; at most 1e9 are possible")
    );
}

const UPSAMPLINGS: [Upsampling; 3] = [
    Upsampling::Transposed,
    Upsampling::Interpolated,
    Upsampling::Bilinear,
];

#[test]
fn any_size_comes_back_in_2d_and_3d() {
    let device = Device::flex();
    for upsampling in UPSAMPLINGS {
        let config = UnetConfig {
            upsampling,
            ..small()
        };
        let plane = build(&config, PLANE, &device);
        let output = plane.forward(Inputs::new(image([2, 2, 1, 13, 18]))).main;
        assert_eq!(output.dims(), [2, 3, 1, 13, 18]);
        let io = NetworkIo {
            dimensions: 3,
            ..PLANE
        };
        let stack = build(&config, io, &device);
        assert_eq!(stack.sizes().multiple, [4, 4, 4]);
        let output = stack.forward(Inputs::new(image([1, 2, 5, 9, 10]))).main;
        assert_eq!(output.dims(), [1, 3, 5, 9, 10]);
    }
}

#[test]
fn anisotropic_levels() {
    let config = UnetConfig {
        kernels: Some(vec![
            Extent::Stack([1, 3, 3]),
            Extent::All(3),
            Extent::All(3),
        ]),
        strides: Some(vec![Extent::Stack([1, 2, 2]), Extent::All(2)]),
        ..small()
    };
    let io = NetworkIo {
        dimensions: 3,
        ..PLANE
    };
    let network = build(&config, io, &Device::flex());
    assert_eq!(network.sizes().multiple, [2, 4, 4]);
    let output = network.forward(Inputs::new(image([1, 2, 4, 8, 8]))).main;
    assert_eq!(output.dims(), [1, 3, 4, 8, 8]);
}

#[test]
fn parameter_count_follows_the_layers() {
    // Level 0: 2->4, 4->4; level 1: 4->8, 8->8; the way up 8->4, then 8->4, 4->4; head 4->3.
    let config = UnetConfig {
        base: 4,
        depth: 1,
        ..UnetConfig::default()
    };
    let convolutions = 9 * (2 * 4 + 4 * 4 + 4 * 8 + 8 * 8 + 8 * 4 + 4 * 4);
    // Weight and bias of each batch norm.
    let norms = 2 * (4 + 4 + 8 + 8 + 4 + 4);
    let up = 4 * 8 * 4 + 4;
    let head = 4 * 3 + 3;
    let network = build(&config, PLANE, &Device::flex());
    assert_eq!(count_parameters(&network), convolutions + norms + up + head);
}

/// Changing one pixel must not change an output pixel farther away than the margin says, and the
/// margin must not be far too large either.
#[test]
fn the_margin_bounds_the_reach_of_a_pixel() {
    for upsampling in [Upsampling::Transposed, Upsampling::Interpolated] {
        let config = UnetConfig {
            upsampling,
            ..small()
        };
        let network = build(&config, PLANE, &Device::flex());
        let margin = network.sizes().margin.unwrap()[2];
        let width = 96;
        let before = image([1, 2, 1, 4, width]);
        let middle = 45;
        let change = Tensor::full([1, 2, 1, 4, 1], 5.0, &Device::flex());
        let after = before
            .clone()
            .slice_assign([0..1, 0..2, 0..1, 0..4, middle..middle + 1], change);
        let before = values(network.forward(Inputs::new(before)).main);
        let after = values(network.forward(Inputs::new(after)).main);
        let changed = (0..before.len())
            .filter(|&i| before[i] != after[i])
            .map(|i| i % width);
        let reach = changed.map(|x| x.abs_diff(middle)).max().unwrap();
        assert!(reach <= margin, "reach {reach}, margin {margin}");
        assert!(2 * reach >= margin, "reach {reach}, margin {margin}");
    }
}

#[test]
fn networks_that_see_the_whole_image_have_no_margin() {
    let instance = UnetConfig {
        norm: NormConfig::INSTANCE,
        ..small()
    };
    let bilinear = UnetConfig {
        upsampling: Upsampling::Bilinear,
        ..small()
    };
    for config in [instance, bilinear] {
        assert_eq!(build(&config, PLANE, &Device::flex()).sizes().margin, None);
    }
}

#[test]
fn the_seed_decides_the_weights() {
    let device = Device::flex();
    let input = image([1, 2, 1, 8, 8]);
    let output = |seed| {
        let settings = BuildSettings {
            seed,
            ..settings(PLANE, &device)
        };
        let network = AnyNetwork::build(&small(), &settings).unwrap();
        values(network.forward(Inputs::new(input.clone())).main)
    };
    assert_eq!(output(7), output(7));
    assert_ne!(output(7), output(8));
}

#[test]
fn options_that_do_not_fit_are_named() {
    let message = |config: UnetConfig| {
        let network = AnyNetwork::build(&config, &settings(PLANE, &Device::flex()));
        network.unwrap_err().to_string()
    };
    assert_eq!(
        message(UnetConfig {
            strides: Some(vec![Extent::All(2)]),
            ..small()
        }),
        "network option `strides`: expected 2 entries, found 1"
    );
    assert_eq!(
        message(UnetConfig {
            kernels: Some(vec![Extent::Plane([4, 4]); 3]),
            ..small()
        }),
        "network option `kernels`: kernel [1, 4, 4] has an even size; use odd sizes such as 3"
    );
    assert_eq!(
        message(UnetConfig {
            kernels: Some(vec![Extent::Stack([3, 3, 3]); 3]),
            ..small()
        }),
        "network option `kernels`: [3, 3, 3] must begin with 1 (z) for 2D images"
    );
}

/// A network behind the erased bridge trains, maps and computes as without it.
#[test]
fn a_network_of_another_crate_is_the_same_network() {
    let device = Device::flex().autodiff();
    let direct = {
        let mut builder = NetworkBuilder::new(settings(PLANE, &device));
        small().build(&mut builder.root()).unwrap()
    };
    let bridged = AnyNetwork::from_module(direct.clone());
    assert_eq!(direct.num_params(), bridged.num_params());
    let input = Tensor::from_inner(image([2, 2, 1, 8, 8]));
    let (expected, found) = (gradient(&direct, &input), gradient(&bridged, &input));
    assert!(expected > 0.0);
    assert_eq!(expected, found);
    let plain = image([2, 2, 1, 8, 8]);
    let expected = direct.valid().forward(Inputs::new(plain.clone())).main;
    let found = bridged.valid().forward(Inputs::new(plain)).main;
    assert_eq!(values(expected), values(found));
}

/// The sum of the magnitudes of all gradients.
fn gradient(network: &impl Network, input: &Tensor<5>) -> f64 {
    struct Sum(f64, burn::tensor::Gradients);
    impl burn::module::ModuleVisitor for Sum {
        fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(&self.1) {
                self.0 += f64::from(gradient.abs().sum().into_scalar::<f32>());
            }
        }
    }
    let output = network.forward(Inputs::new(input.clone())).main;
    let mut sum = Sum(0.0, output.square().mean().backward());
    network.visit(&mut sum);
    sum.0
}
