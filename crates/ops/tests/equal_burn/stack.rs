//! The layers of densely connected networks, and convolutions to a few channels of planar maps.

use burn::tensor::Tensor;
use coverslip_ops::{
    Activation, ConvGeometry, FeatureMap, Margin, Normalization, concat_activate_normalize, conv,
    conv_concat_activate_normalize,
};

use crate::{
    conv::stock as stock_conv,
    elementwise::{ACTIVATIONS, stock},
    normalization::{Kind, with_parameters},
    support::{Chance, Sizes, compare, map, parameter, vector},
};

/// Every normalisation with every activation.
fn pairs(channels: usize) -> Vec<(Kind, Activation)> {
    let kinds = Kind::all(channels).into_iter().enumerate();
    let all = kinds.flat_map(|(index, kind)| {
        let first = ACTIVATIONS[index % ACTIVATIONS.len()];
        [(kind, first), (kind, Activation::Relu)]
    });
    all.collect()
}

#[test]
fn joined_then_activated_then_normalised() {
    for channels in [&[3][..], &[1, 1], &[17, 2], &[5, 20, 1], &[1; 9]] {
        let total: usize = channels.iter().sum();
        let maps: Vec<Sizes> = channels.iter().map(|&c| [2, c, 2, 4, 9]).collect();
        let count = maps.len();
        for (kind, activation) in pairs(total) {
            compare(
                &format!("stack, {kind:?}, {activation:?}"),
                &with_parameters(&maps, total),
                |inputs| {
                    let maps = inputs[..count].iter().map(map).collect();
                    let normalization = kind.ours(&inputs[count..]);
                    let result = concat_activate_normalize(maps, normalization, activation);
                    result.output.into_tensor()
                },
                |inputs| {
                    let joined = Tensor::cat(inputs[..count].to_vec(), 1);
                    kind.stock(stock(joined, activation), &inputs[count..])
                },
            );
        }
    }
}

/// "Same" padding for a dilated kernel.
fn dilated(kernel: [usize; 3], dilation: usize) -> ConvGeometry {
    let padding = kernel.map(|kernel| dilation * (kernel - 1) / 2);
    ConvGeometry {
        dilation: [dilation; 3],
        ..ConvGeometry::UNIT.with_padding(padding, padding)
    }
}

#[test]
fn a_dense_layer() {
    for (from, to, size, dilation) in [
        (1, 1, [1, 9, 7], 1),
        (3, 2, [3, 5, 6], 2),
        (20, 1, [1, 6, 40], 3),
        (17, 1, [1, 1, 1], 4),
        // Winograd's or the direct kernels compute this one.
        (4, 20, [1, 5, 6], 1),
    ] {
        let [z, y, x] = size;
        let kernel = [if z == 1 { 1 } else { 3 }, 3, 3];
        let [kz, ky, kx] = kernel;
        let geometry = dilated(kernel, dilation);
        for (index, (kind, activation)) in pairs(from + to).into_iter().enumerate() {
            if matches!(kind, Kind::Batch | Kind::Instance { .. }) && size == [1; 3] {
                continue;
            }
            let has_bias = index % 3 != 0;
            let maps = [[2, from, z, y, x], [to, from, kz, ky, kx]];
            let mut sizes = with_parameters(&maps, from + to);
            sizes.push(parameter(to));
            let bias = |inputs: &[Tensor<5>]| has_bias.then(|| vector(&inputs[6]));
            compare(
                &format!("dense layer, {kind:?}, {activation:?}, dilation {dilation}"),
                &sizes,
                |inputs| {
                    let result = conv_concat_activate_normalize(
                        map(&inputs[0]),
                        inputs[1].clone(),
                        bias(&inputs),
                        geometry,
                        kind.ours(&inputs[2..]),
                        activation,
                    );
                    result.output.into_tensor()
                },
                |inputs| {
                    let weight = inputs[1].clone();
                    let convolved = stock_conv(inputs[0].clone(), weight, bias(&inputs), geometry);
                    let joined = Tensor::cat(vec![inputs[0].clone(), convolved], 1);
                    kind.stock(stock(joined, activation), &inputs[2..])
                },
            );
        }
    }
}

/// A network of dense layers, so that every map is the input of several operations.
#[test]
fn dense_layers_in_a_row() {
    let layer = |from: usize| {
        let weight = [1, from, 1, 3, 3];
        [weight, parameter(from + 1), parameter(from + 1)]
    };
    let mut sizes = vec![[2, 14, 1, 8, 20]];
    sizes.extend((14..18).flat_map(layer));
    sizes.push([3, 18, 1, 1, 1]);
    let last = sizes.len() - 1;
    let norm = |inputs: &[Tensor<5>], at: usize| Normalization::Batch {
        weight: vector(&inputs[at]),
        bias: vector(&inputs[at + 1]),
        epsilon: 1e-3,
    };
    compare(
        "dense layers",
        &sizes,
        |inputs| {
            let mut current = map(&inputs[0]);
            for index in 0..4 {
                let at = 1 + 3 * index;
                let result = conv_concat_activate_normalize(
                    current,
                    inputs[at].clone(),
                    None,
                    dilated([1, 3, 3], index + 1),
                    norm(&inputs, at + 1),
                    Activation::Silu,
                );
                current = result.output;
            }
            conv(current, inputs[last].clone(), None, ConvGeometry::UNIT).into_tensor()
        },
        |inputs| {
            let mut current = inputs[0].clone();
            for index in 0..4 {
                let at = 1 + 3 * index;
                let geometry = dilated([1, 3, 3], index + 1);
                let new = stock_conv(current.clone(), inputs[at].clone(), None, geometry);
                let joined = stock(Tensor::cat(vec![current, new], 1), Activation::Silu);
                current = Kind::Batch.stock(joined, &parameters(&inputs[at + 1..]));
            }
            stock_conv(current, inputs[last].clone(), None, ConvGeometry::UNIT)
        },
    );
}

/// Scale and shift, and a mean and a variance that are not looked at.
fn parameters(inputs: &[Tensor<5>]) -> [Tensor<5>; 4] {
    [&inputs[0], &inputs[1], &inputs[0], &inputs[1]].map(Tensor::clone)
}

/// What running statistics collect is that of the activated maps.
#[test]
fn statistics_are_those_of_the_activated_maps() {
    let device = burn::tensor::Device::flex();
    let values = Tensor::<1>::from_floats([-1.0, 2.0, -3.0, 6.0], &device);
    let stacked = |tensor: Tensor<1>| FeatureMap::from_tensor(tensor.reshape([2, 1, 1, 1, 2]));
    let normalization = Normalization::Batch {
        weight: Tensor::ones([2], &device),
        bias: Tensor::zeros([2], &device),
        epsilon: 0.0,
    };
    let maps = vec![stacked(values.clone()), stacked(values + 10.0)];
    let result = concat_activate_normalize(maps, normalization, Activation::Relu);
    let statistics = result.statistics.expect("batch statistics");
    let floats = |tensor: Tensor<1>| tensor.into_data().try_to_vec::<f32>().expect("f32");
    assert_eq!(floats(statistics.mean), [2.0, 11.0]);
    let variances = floats(statistics.unbiased_variance);
    for (found, expected) in variances.iter().zip([8.0, 46.0 / 3.0]) {
        assert!((found - expected).abs() < 1e-5, "{variances:?}");
    }
}

#[test]
fn planar_convolutions() {
    let mut chance = Chance::new(11);
    let maps: [Sizes; 6] = [
        [2, 1, 1, 5, 7],
        [1, 17, 1, 3, 40],
        [1, 23, 2, 4, 17],
        [2, 3, 4, 3, 3],
        [1, 40, 1, 1, 1],
        [1, 2, 1, 70, 33],
    ];
    for sizes in maps {
        for _ in 0..4 {
            let [_, from, z, ..] = sizes;
            let kernel = [
                if z == 1 { 1 } else { 3 },
                chance.number(1, 4),
                chance.number(1, 3),
            ];
            let geometry = dilated(kernel, chance.number(1, 9));
            // An even kernel needs a pixel more for the same size.
            let after = [0, 1, 2].map(|axis| geometry.dilation[axis] * (kernel[axis] - 1));
            let after = [0, 1, 2].map(|axis| after[axis] - geometry.padding[axis]);
            let geometry = geometry.with_padding(geometry.padding, after);
            let to = chance.number(1, 8);
            let [kz, ky, kx] = kernel;
            compare(
                &format!("planar, {geometry:?}"),
                &[sizes, [to, from, kz, ky, kx], parameter(to)],
                |inputs| {
                    let bias = Some(vector(&inputs[2]));
                    conv(map(&inputs[0]), inputs[1].clone(), bias, geometry).into_tensor()
                },
                |inputs| {
                    let bias = Some(vector(&inputs[2]));
                    stock_conv(inputs[0].clone(), inputs[1].clone(), bias, geometry)
                },
            );
        }
    }
}

/// Padding modes other than zeros: a convolution of the padded map.
#[test]
fn a_convolution_of_a_continued_map() {
    for margin in [Margin::Reflect, Margin::Replicate, Margin::Circular] {
        let padding = [(0, 0), (2, 2), (2, 2)];
        let geometry = ConvGeometry {
            dilation: [1, 2, 2],
            ..ConvGeometry::UNIT
        };
        compare(
            &format!("{margin:?}"),
            &[[1, 18, 1, 5, 6], [1, 18, 1, 3, 3]],
            |inputs| {
                let padded = map(&inputs[0]).pad(padding, margin);
                conv(padded, inputs[1].clone(), None, geometry).into_tensor()
            },
            |inputs| {
                let rows = |count: usize| match margin {
                    Margin::Reflect => [vec![2, 1], vec![count - 2, count - 3]],
                    Margin::Replicate => [vec![0, 0], vec![count - 1, count - 1]],
                    _ => [vec![count - 2, count - 1], vec![0, 1]],
                };
                let mut tensor = inputs[0].clone();
                for axis in [3, 4] {
                    let count = tensor.dims()[axis];
                    let [front, back] = rows(count);
                    let places = front.into_iter().chain(0..count).chain(back);
                    let parts = places.map(|place| tensor.clone().narrow(axis, place, 1));
                    tensor = Tensor::cat(parts.collect(), axis);
                }
                stock_conv(tensor, inputs[1].clone(), None, geometry)
            },
        );
    }
}
