//! Normalisation, alone and after a convolution.

use burn::tensor::{Device, Distribution, Tensor};
use coverslip_ops::{
    Activation, ConvCache, ConvGeometry, FeatureMap, Normalization, conv_normalize_activate,
    normalize_activate,
};

use crate::{
    conv,
    elementwise::{ACTIVATIONS, stock},
    support::{Sizes, compare, map, parameter, vector},
};

const EPSILON: f64 = 1e-3;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    None,
    Batch,
    Running,
    Instance { affine: bool },
    Group { groups: usize, affine: bool },
}

impl Kind {
    /// Kinds for so many channels.
    pub(crate) fn all(channels: usize) -> Vec<Self> {
        let mut kinds = vec![
            Self::None,
            Self::Batch,
            Self::Running,
            Self::Instance { affine: false },
            Self::Instance { affine: true },
            Self::Group {
                groups: 1,
                affine: true,
            },
        ];
        for groups in [2, 4, 8]
            .into_iter()
            .filter(|groups| channels.is_multiple_of(*groups))
        {
            let affine = groups == 4;
            kinds.push(Self::Group { groups, affine });
        }
        kinds
    }

    /// From the parameters scale, shift, mean and what the variance is the exponential of.
    pub(crate) fn ours(self, parameters: &[Tensor<5>]) -> Normalization {
        let [weight, bias, mean, logarithm] = [0, 1, 2, 3].map(|index| vector(&parameters[index]));
        let [channels] = weight.dims();
        let group = |groups, affine: bool| Normalization::Group {
            groups,
            affine: affine.then(|| (weight.clone(), bias.clone())),
            epsilon: EPSILON,
        };
        match self {
            Self::None => Normalization::None,
            Self::Batch => Normalization::Batch {
                weight,
                bias,
                epsilon: EPSILON,
            },
            Self::Running => Normalization::Running {
                weight,
                bias,
                mean: mean.detach(),
                variance: logarithm.detach().exp(),
                epsilon: EPSILON,
            },
            Self::Instance { affine } => group(channels, affine),
            Self::Group { groups, affine } => group(groups, affine),
        }
    }

    pub(crate) fn stock(self, input: Tensor<5>, parameters: &[Tensor<5>]) -> Tensor<5> {
        let sizes = input.dims();
        let [n, c, z, y, x] = sizes;
        let [weight, bias, mean, logarithm] =
            [0, 1, 2, 3].map(|index| parameters[index].clone().reshape([1, c, 1, 1, 1]));
        let groups = |groups: usize, affine: bool| {
            let rows = input.clone().reshape([n * groups, c / groups * z * y * x]);
            let centred = rows.clone() - rows.mean_dim(1);
            let variance = centred.clone().powi_scalar(2).mean_dim(1);
            let result = (centred / variance.add_scalar(EPSILON).sqrt()).reshape(sizes);
            if affine {
                result * weight.clone() + bias.clone()
            } else {
                result
            }
        };
        match self {
            Self::None => input,
            Self::Instance { affine } => groups(c, affine),
            Self::Group {
                groups: count,
                affine,
            } => groups(count, affine),
            Self::Batch => {
                let rows = input.swap_dims(0, 1).reshape([c, n * z * y * x]);
                let centred = rows.clone() - rows.mean_dim(1);
                let variance = centred.clone().powi_scalar(2).mean_dim(1);
                let result = centred / variance.add_scalar(EPSILON).sqrt();
                result.reshape([c, n, z, y, x]).swap_dims(0, 1) * weight + bias
            }
            Self::Running => {
                let deviation = logarithm.detach().exp().add_scalar(EPSILON).sqrt();
                (input - mean.detach()) / deviation * weight + bias
            }
        }
    }
}

pub(crate) fn with_parameters(maps: &[Sizes], channels: usize) -> Vec<Sizes> {
    let mut sizes = maps.to_vec();
    sizes.extend([parameter(channels); 4]);
    sizes
}

fn compare_normalization(input: Sizes, kind: Kind, activation: Activation) {
    compare(
        &format!("{kind:?}, {activation:?}"),
        &with_parameters(&[input], input[1]),
        |inputs| {
            let normalization = kind.ours(&inputs[1..]);
            let result = normalize_activate(map(&inputs[0]), normalization, activation);
            result.output.into_tensor()
        },
        |inputs| stock(kind.stock(inputs[0].clone(), &inputs[1..]), activation),
    );
}

#[test]
fn of_maps_of_any_sizes() {
    for channels in [1, 8, 16, 17, 32, 40] {
        for sizes in [[3, channels, 1, 5, 7], [2, channels, 3, 4, 5]] {
            for kind in Kind::all(channels) {
                compare_normalization(sizes, kind, Activation::Relu);
            }
        }
    }
}

#[test]
fn of_every_activation() {
    for activation in ACTIVATIONS {
        for channels in [3, 20] {
            compare_normalization([2, channels, 1, 6, 5], Kind::Batch, activation);
            let kind = Kind::Instance { affine: true };
            compare_normalization([2, channels, 1, 6, 5], kind, activation);
        }
    }
}

#[test]
fn of_one_pixel() {
    for channels in [8, 40] {
        compare_normalization([4, channels, 1, 1, 1], Kind::Batch, Activation::Silu);
    }
}

#[test]
fn of_several_sources() {
    for channels in [[16, 32], [20, 12], [3, 5]] {
        let [first, second] = channels.map(|channels| [2, channels, 1, 4, 5]);
        let kind = Kind::Group {
            groups: 4,
            affine: true,
        };
        compare(
            "sources",
            &with_parameters(&[first, second], channels[0] + channels[1]),
            |inputs| {
                let maps = inputs[..2].iter().map(map).collect();
                let normalization = kind.ours(&inputs[2..]);
                let joined = FeatureMap::concat(maps);
                let result = normalize_activate(joined, normalization, Activation::Gelu);
                result.output.into_tensor()
            },
            |inputs| {
                let joined = Tensor::cat(inputs[..2].to_vec(), 1);
                stock(kind.stock(joined, &inputs[2..]), Activation::Gelu)
            },
        );
    }
}

#[test]
fn after_a_convolution() {
    let geometry = ConvGeometry::same([1, 3, 3]);
    for (from, to) in [(3, 8), (3, 16), (16, 24), (32, 40), (24, 4)] {
        for (index, kind) in Kind::all(to).into_iter().enumerate() {
            let has_bias = index % 2 == 0;
            let activation = ACTIVATIONS[index % ACTIVATIONS.len()];
            let mut sizes = with_parameters(&[[2, from, 1, 8, 9], [to, from, 1, 3, 3]], to);
            sizes.push(parameter(to));
            let bias = |inputs: &[Tensor<5>]| has_bias.then(|| vector(&inputs[6]));
            compare(
                &format!("convolution, {kind:?}, {activation:?}"),
                &sizes,
                |inputs| {
                    let result = conv_normalize_activate(
                        map(&inputs[0]),
                        inputs[1].clone(),
                        bias(&inputs),
                        geometry,
                        kind.ours(&inputs[2..]),
                        activation,
                        &ConvCache::default(),
                    );
                    result.output.into_tensor()
                },
                |inputs| {
                    let weight = inputs[1].clone();
                    let map = conv::stock(inputs[0].clone(), weight, bias(&inputs), geometry);
                    stock(kind.stock(map, &inputs[2..]), activation)
                },
            );
        }
    }
}

/// What a layer keeps for inference must follow its parameters.
#[test]
fn a_cache_is_used_again_for_the_same_parameters_only() {
    let device = Device::flex();
    let normal =
        |shape: [usize; 5]| Tensor::<5>::random(shape, Distribution::Normal(0.0, 1.0), &device);
    let input = normal([1, 16, 1, 9, 10]);
    let weights = [normal([32, 16, 1, 3, 3]), normal([32, 16, 1, 3, 3])];
    let cache = ConvCache::default();
    let run = |weight: &Tensor<5>, cache: &ConvCache| {
        let one = Tensor::<1>::ones([32], &device);
        let normalization = Normalization::Running {
            weight: one.clone() * 2.0,
            bias: one.clone(),
            mean: one.clone() * 0.5,
            variance: one,
            epsilon: 1e-5,
        };
        conv_normalize_activate(
            FeatureMap::from_tensor(input.clone()),
            weight.clone(),
            None,
            ConvGeometry::same([1, 3, 3]),
            normalization,
            Activation::Relu,
            cache,
        )
        .output
        .into_tensor()
        .into_data()
    };
    let fresh = weights
        .each_ref()
        .map(|weight| run(weight, &ConvCache::default()));
    for _ in 0..2 {
        for (weight, fresh) in weights.iter().zip(&fresh) {
            run(weight, &cache).assert_eq(fresh, true);
            run(weight, &cache).assert_eq(fresh, true);
        }
    }
}
