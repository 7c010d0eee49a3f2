//! Operations on every value: activations, sums, products and dropout.

use burn::tensor::{Device, Tensor, activation};
use coverslip_ops::{Activation, Dropout, FeatureMap, activate, add, dropout, multiply, softmax};

use crate::support::{Sizes, compare, distinct, map};

pub(crate) const ACTIVATIONS: [Activation; 14] = [
    Activation::None,
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.1 },
    Activation::Relu6,
    Activation::Elu { alpha: 0.7 },
    Activation::Celu { alpha: 0.7 },
    Activation::Selu,
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Silu,
    Activation::Mish,
    Activation::Hardswish,
    Activation::Tanh,
    Activation::Sigmoid,
];

pub(crate) fn stock(input: Tensor<5>, function: Activation) -> Tensor<5> {
    match function {
        Activation::None => input,
        Activation::Relu => activation::relu(input),
        Activation::LeakyRelu { slope } => activation::leaky_relu(input, slope),
        Activation::Relu6 => activation::relu6(input),
        Activation::Elu { alpha } => activation::elu(input, alpha),
        Activation::Celu { alpha } => activation::celu(input, alpha),
        Activation::Selu => activation::selu(input),
        Activation::Gelu => activation::gelu(input),
        Activation::GeluTanh => activation::gelu_approximate(input),
        Activation::Silu => activation::silu(input),
        Activation::Mish => activation::mish(input),
        Activation::Hardswish => activation::hard_swish(input),
        Activation::Tanh => activation::tanh(input),
        Activation::Sigmoid => activation::sigmoid(input),
    }
}

const MAPS: [Sizes; 6] = [
    [2, 1, 1, 5, 7],
    [1, 15, 3, 4, 2],
    [2, 16, 1, 1, 1],
    [3, 17, 1, 3, 5],
    [2, 32, 2, 3, 4],
    [1, 40, 1, 7, 1],
];

#[test]
fn activations() {
    for function in ACTIVATIONS {
        for sizes in MAPS {
            compare(
                &format!("{function:?}"),
                &[sizes],
                |inputs| activate(map(&inputs[0]), function).into_tensor(),
                |inputs| stock(inputs[0].clone(), function),
            );
        }
    }
}

#[test]
fn probabilities_of_classes() {
    for sizes in MAPS {
        compare(
            "softmax",
            &[sizes],
            |inputs| softmax(inputs[0].clone()),
            |inputs| activation::softmax(inputs[0].clone(), 1),
        );
    }
}

#[test]
fn sums_and_products() {
    for sizes in MAPS {
        let two = |inputs: &[Tensor<5>]| (inputs[0].clone(), inputs[1].clone());
        compare(
            "sum",
            &[sizes, sizes],
            |inputs| add(map(&inputs[0]), map(&inputs[1])).into_tensor(),
            |inputs| {
                let (a, b) = two(&inputs);
                a + b
            },
        );
        let [n, c, z, y, x] = sizes;
        for factor in [sizes, [n, 1, z, y, x], [n, c, 1, 1, 1]] {
            compare(
                "product",
                &[sizes, factor],
                |inputs| multiply(map(&inputs[0]), map(&inputs[1])).into_tensor(),
                |inputs| {
                    let (a, b) = two(&inputs);
                    a * b
                },
            );
        }
    }
}

#[test]
fn a_map_times_itself_has_both_gradients() {
    for sizes in MAPS {
        compare(
            "square",
            &[sizes],
            |inputs| multiply(map(&inputs[0]), map(&inputs[0])).into_tensor(),
            |inputs| inputs[0].clone() * inputs[0].clone(),
        );
    }
}

#[test]
fn dropout_scales_what_it_keeps() {
    for kind in [Dropout::Values, Dropout::Channels] {
        for sizes in MAPS {
            compare(
                &format!("{kind:?}"),
                &[sizes],
                |inputs| dropout(map(&inputs[0]), 0.4, kind, 5).into_tensor(),
                |inputs| {
                    let ones = FeatureMap::from_tensor(inputs[0].ones_like().detach());
                    inputs[0].clone() * dropout(ones, 0.4, kind, 5).into_tensor()
                },
            );
        }
    }
}

#[test]
fn dropout_drops_at_its_rate_and_by_its_seed() {
    let ones = || {
        let device = Device::flex();
        FeatureMap::from_tensor(Tensor::ones([4, 40, 2, 16, 16], &device))
    };
    for (kind, tolerance) in [(Dropout::Values, 0.01), (Dropout::Channels, 0.12)] {
        let values = |seed| {
            let data = dropout(ones(), 0.3, kind, seed).into_tensor().into_data();
            data.try_to_vec::<f32>().unwrap()
        };
        let first = values(1);
        let kept = 1.0 / 0.7;
        assert!(first.iter().all(|&v| v == 0.0 || (v - kept).abs() < 1e-6));
        let dropped = first.iter().filter(|&&v| v == 0.0).count() as f64 / first.len() as f64;
        assert!((dropped - 0.3).abs() < tolerance, "{kind:?}: {dropped}");
        assert_eq!(first, values(1));
        assert_ne!(first, values(2));
        if kind == Dropout::Channels {
            assert!(
                first
                    .chunks(512)
                    .all(|plane| plane.iter().all(|v| *v == plane[0]))
            );
        }
    }
}

#[test]
fn dropout_at_rate_zero_is_the_identity() {
    let tensor = Tensor::<5>::from_data(distinct(MAPS[3], 1), &Device::flex());
    let same = dropout(map(&tensor), 0.0, Dropout::Values, 3).into_tensor();
    same.into_data().assert_eq(&tensor.into_data(), true);
}
