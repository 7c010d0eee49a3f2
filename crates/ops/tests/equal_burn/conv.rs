//! Convolutions and transposed convolutions.

use burn::tensor::{
    Tensor,
    module::{conv_transpose3d, conv3d},
    ops::{ConvOptions, ConvTransposeOptions},
};
use coverslip_ops::{ConvGeometry, FeatureMap, conv, conv_transpose};

use crate::support::{Chance, Sizes, compare, map, parameter, vector};

/// The convolution by burn, zeros put around the map first.
pub(crate) fn stock(
    input: Tensor<5>,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
) -> Tensor<5> {
    let [z, y, x] = [0, 1, 2].map(|axis| (geometry.padding[axis], geometry.padding_after[axis]));
    let padded = input.pad([(0, 0), (0, 0), z, y, x], 0.0);
    let ConvGeometry {
        stride,
        dilation,
        groups,
        ..
    } = geometry;
    let options = ConvOptions::new(stride, [0; 3], dilation, groups);
    conv3d(padded, weight, bias, options)
}

fn stock_transposed(
    input: Tensor<5>,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    geometry: ConvGeometry,
) -> Tensor<5> {
    let ConvGeometry {
        stride,
        dilation,
        groups,
        padding,
        padding_after,
        output_padding,
        ..
    } = geometry;
    let options = ConvTransposeOptions::new(stride, [0; 3], output_padding, dilation, groups);
    let whole = conv_transpose3d(input, weight, bias, options);
    let [n, c, z, y, x] = whole.dims();
    let [z, y, x] =
        [(0, z), (1, y), (2, x)].map(|(axis, size)| padding[axis]..size - padding_after[axis]);
    whole.slice([0..n, 0..c, z, y, x])
}

fn compare_conv(
    what: &str,
    sources: &[Sizes],
    weight: Sizes,
    has_bias: bool,
    geometry: ConvGeometry,
) {
    let mut sizes = sources.to_vec();
    sizes.push(weight);
    if has_bias {
        sizes.push(parameter(weight[0]));
    }
    let count = sources.len();
    let bias = |inputs: &[Tensor<5>]| inputs.get(count + 1).map(vector);
    let what = format!("{what}, {geometry:?}");
    compare(
        &what,
        &sizes,
        |inputs| {
            let maps = inputs[..count].iter().map(map).collect();
            let input = FeatureMap::concat(maps);
            conv(input, inputs[count].clone(), bias(&inputs), geometry).into_tensor()
        },
        |inputs| {
            let input = Tensor::cat(inputs[..count].to_vec(), 1);
            stock(input, inputs[count].clone(), bias(&inputs), geometry)
        },
    );
}

fn compare_transposed(
    what: &str,
    input: Sizes,
    weight: Sizes,
    has_bias: bool,
    geometry: ConvGeometry,
) {
    let mut sizes = vec![input, weight];
    if has_bias {
        sizes.push(parameter(weight[1] * geometry.groups));
    }
    let bias = |inputs: &[Tensor<5>]| inputs.get(2).map(vector);
    let what = format!("{what}, {geometry:?}");
    compare(
        &what,
        &sizes,
        |inputs| {
            let weight = inputs[1].clone();
            conv_transpose(map(&inputs[0]), weight, bias(&inputs), geometry).into_tensor()
        },
        |inputs| {
            let weight = inputs[1].clone();
            stock_transposed(inputs[0].clone(), weight, bias(&inputs), geometry)
        },
    );
}

#[test]
fn of_the_shapes_of_networks() {
    let plane = ConvGeometry::same([1, 3, 3]);
    let cube = ConvGeometry::same([3; 3]);
    for (input, output) in [(1, 16), (3, 8), (16, 17), (17, 32), (32, 40), (40, 2)] {
        compare_conv(
            "2D",
            &[[2, input, 1, 9, 7]],
            [output, input, 1, 3, 3],
            true,
            plane,
        );
        compare_conv(
            "3D",
            &[[1, input, 4, 5, 6]],
            [output, input, 3, 3, 3],
            false,
            cube,
        );
        let weight = [output, input, 1, 3, 3];
        compare_conv("anisotropic", &[[1, input, 3, 6, 5]], weight, true, plane);
    }
    compare_conv("pixel", &[[3, 40, 1, 1, 1]], [17, 40, 1, 3, 3], true, plane);
    let weight = [32, 16, 1, 1, 1];
    compare_conv(
        "1 x 1",
        &[[2, 16, 1, 5, 3]],
        weight,
        true,
        ConvGeometry::UNIT,
    );
}

#[test]
fn of_several_sources() {
    let plane = ConvGeometry::same([1, 3, 3]);
    let source = |channels| [2, channels, 1, 6, 5];
    for sources in [
        &[32, 17][..],
        &[16, 32, 16],
        &[17, 32],
        &[3, 16, 2],
        &[5, 9],
        &[16, 16, 16, 16, 16, 7],
        &[16, 3],
        &[9; 8],
    ] {
        let maps: Vec<Sizes> = sources.iter().map(|&c| source(c)).collect();
        let channels = sources.iter().sum();
        compare_conv("sources", &maps, [20, channels, 1, 3, 3], true, plane);
    }
}

#[test]
fn of_groups() {
    let plane = ConvGeometry::same([1, 3, 3]);
    for (channels, groups) in [
        (16, 16),
        (40, 40),
        (12, 3),
        (32, 2),
        (48, 3),
        (6, 6),
        (20, 4),
    ] {
        let geometry = ConvGeometry { groups, ..plane };
        let weight = [channels, channels / groups, 1, 3, 3];
        compare_conv("groups", &[[2, channels, 1, 7, 6]], weight, true, geometry);
        let geometry = geometry.with_stride([1, 2, 2]);
        compare_conv("groups", &[[1, channels, 2, 7, 6]], weight, false, geometry);
    }
    let geometry = ConvGeometry { groups: 8, ..plane };
    compare_conv(
        "multiplier",
        &[[1, 8, 1, 6, 6]],
        [24, 1, 1, 3, 3],
        true,
        geometry,
    );
}

#[test]
fn of_any_geometry() {
    let mut chance = Chance::new(1);
    for _ in 0..30 {
        let kernel = chance.triple(1, 3);
        let groups = chance.one_of(&[1, 1, 1, 2]);
        let geometry = ConvGeometry {
            stride: chance.triple(1, 3),
            padding: kernel.map(|k| chance.number(0, k - 1)),
            padding_after: kernel.map(|k| chance.number(0, k - 1)),
            dilation: chance.triple(1, 2),
            groups,
            ..ConvGeometry::UNIT
        };
        let input = groups * chance.one_of(&[1, 8, 16, 20]);
        let output = groups * chance.one_of(&[2, 16, 17]);
        let [z, y, x] = [0, 1, 2].map(|axis| {
            let reach = geometry.dilation[axis] * (kernel[axis] - 1) + 1;
            reach + chance.number(0, 4)
        });
        let weight = [output, input / groups, kernel[0], kernel[1], kernel[2]];
        let map = [chance.number(1, 2), input, z, y, x];
        compare_conv("any", &[map], weight, chance.number(0, 1) == 1, geometry);
    }
}

#[test]
fn of_different_padding_before_and_after() {
    for (before, after) in [
        ([0, 0, 2], [0, 1, 0]),
        ([0, 2, 1], [0, 0, 2]),
        ([0; 3], [0, 4, 3]),
    ] {
        let geometry = ConvGeometry::UNIT.with_padding(before, after);
        compare_conv("2D", &[[1, 16, 1, 7, 8]], [32, 16, 1, 3, 3], true, geometry);
        compare_conv("2D", &[[1, 4, 1, 7, 8]], [3, 4, 1, 3, 3], true, geometry);
    }
    let geometry = ConvGeometry::UNIT.with_padding([1, 0, 1], [0, 2, 1]);
    compare_conv("3D", &[[1, 16, 3, 7, 8]], [16, 16, 3, 3, 3], true, geometry);
}

#[test]
fn transposed_of_the_shapes_of_networks() {
    let twice = ConvGeometry::UNIT.with_stride([1, 2, 2]);
    for (input, output) in [(1, 16), (16, 8), (17, 32), (40, 17), (32, 16)] {
        compare_transposed(
            "2D",
            [2, input, 1, 4, 5],
            [input, output, 1, 2, 2],
            true,
            twice,
        );
        let all = twice.with_stride([2; 3]);
        compare_transposed(
            "3D",
            [1, input, 2, 3, 4],
            [input, output, 2, 2, 2],
            false,
            all,
        );
    }
}

#[test]
fn transposed_of_any_geometry() {
    let mut chance = Chance::new(2);
    for _ in 0..30 {
        let kernel = chance.triple(1, 3);
        let groups = chance.one_of(&[1, 1, 1, 2]);
        let stride = chance.triple(1, 3);
        let geometry = ConvGeometry {
            stride,
            padding: kernel.map(|k| chance.number(0, k - 1)),
            padding_after: kernel.map(|k| chance.number(0, k - 1)),
            output_padding: stride.map(|s| chance.number(0, s - 1)),
            dilation: chance.triple(1, 2),
            groups,
            ..ConvGeometry::UNIT
        };
        let input = groups * chance.one_of(&[1, 8, 16, 20]);
        let output = chance.one_of(&[2, 16, 17]);
        let [z, y, x] = chance.triple(3, 5);
        let weight = [input, output, kernel[0], kernel[1], kernel[2]];
        let map = [chance.number(1, 2), input, z, y, x];
        compare_transposed("any", map, weight, chance.number(0, 1) == 1, geometry);
    }
}
