//! Activation and normalisation of stacked maps against the operations that do one thing each, which
//! have references of their own.

use coverslip_kernels::maps::{
    Activation, MapShape, Norm, NormGradient, Stack, StackGradient, Statistics, activate,
    activate_backward, activate_normalize, activated_moments, concatenate, moments,
    normalize_activate, normalize_activate_backward,
};
use coverslip_kernels::{Buffer, ConvShape, Extent, Isa, planar};
use rand::RngExt;

use crate::activation::ALL;
use crate::support::{assert_close, cases, extent, isas, narrow, pick, values, widen};

/// Two maps and what is done with them.
struct Case {
    extent: Extent,
    channels: [usize; 2],
    maps: [Vec<f32>; 2],
    gradient: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    activation: Activation,
    statistics: Statistics,
    is_frozen: bool,
}

impl Case {
    fn shape(&self) -> MapShape {
        MapShape::planar(self.extent, self.channels[0] + self.channels[1])
    }

    fn norm<'a>(&'a self, mean: &'a [f32], inverse_std: &'a [f32]) -> Norm<'a> {
        Norm {
            statistics: self.statistics,
            is_frozen: self.is_frozen,
            mean,
            inverse_std,
            gamma: &self.gamma,
            beta: &self.beta,
            activation: Activation::Identity,
        }
    }
}

fn random_case(random: &mut impl rand::Rng, extent: Extent) -> Case {
    let channels = [pick(random, &[1, 2, 15, 20]), pick(random, &[1, 3])];
    let total = channels[0] + channels[1];
    let pixels = extent.n * extent.pixels();
    let offset = pick(random, &[0.0, 3.0, 500.0]);
    let mut some = |count: usize| narrow(&values(random, count));
    let mut maps = channels.map(|channels| some(channels * pixels));
    let (gradient, gamma, beta) = (some(total * pixels), some(total), some(total));
    for value in &mut maps[0] {
        *value += offset;
    }
    let all = [
        Statistics::Batch,
        Statistics::Instance,
        Statistics::Group(1),
    ];
    Case {
        extent,
        channels,
        maps,
        gradient,
        gamma,
        beta,
        activation: pick(random, &ALL),
        statistics: pick(random, &all),
        is_frozen: random.random_bool(0.3),
    }
}

/// Output, gradients of the maps and of the parameters.
struct Found {
    output: Buffer,
    maps: [Vec<f32>; 2],
    parameters: NormGradient,
}

fn stacked(isa: Isa, case: &Case) -> Found {
    let [first, second] = [0, 1].map(|map| (case.maps[map].as_slice(), case.channels[map]));
    let stack = Stack::new(case.extent, &[first, second]);
    let moments = activated_moments(isa, &stack, case.activation, case.statistics);
    let inverse_std = moments.inverse_std(1e-5);
    let norm = case.norm(&moments.mean, &inverse_std);
    let (scale, shift) = norm.scale_and_shift(stack.shape());
    let (back, parameters) =
        StackGradient::new(isa, &stack, &case.gradient, case.activation, Some(&norm));
    Found {
        output: activate_normalize(isa, &stack, case.activation, &scale, &shift),
        maps: [0, 1].map(|map| back.of_map(map).as_slice().to_vec()),
        parameters: parameters.expect("there is a normalisation"),
    }
}

fn one_by_one(isa: Isa, case: &Case) -> Found {
    let shape = case.shape();
    let parts = [0, 1].map(|map| MapShape::planar(case.extent, case.channels[map]));
    let x = concatenate(
        shape,
        &[(parts[0], &case.maps[0]), (parts[1], &case.maps[1])],
    );
    let values = activate(isa, shape, x.as_slice(), case.activation);
    let moments = moments(isa, shape, values.as_slice(), case.statistics);
    let inverse_std = moments.inverse_std(1e-5);
    let norm = case.norm(&moments.mean, &inverse_std);
    let (scale, shift) = norm.scale_and_shift(shape);
    let identity = Activation::Identity;
    let output = normalize_activate(isa, shape, values.as_slice(), &scale, &shift, identity);
    let mut gradient = case.gradient.clone();
    let parameters =
        normalize_activate_backward(isa, shape, values.as_slice(), &mut gradient, &norm);
    activate_backward(isa, shape, x.as_slice(), &mut gradient, case.activation);
    let maps = coverslip_kernels::maps::split(shape, &gradient, &parts);
    let maps: Vec<Vec<f32>> = maps.iter().map(|map| map.as_slice().to_vec()).collect();
    Found {
        output,
        maps: maps.try_into().expect("two maps"),
        parameters,
    }
}

#[test]
fn a_stack_equals_its_steps() {
    for mut random in cases(150) {
        let extent = extent(&mut random);
        let case = random_case(&mut random, extent);
        for isa in isas() {
            let (found, expected) = (stacked(isa, &case), one_by_one(isa, &case));
            let what = |name: &str| {
                let Case {
                    activation,
                    statistics,
                    ..
                } = case;
                format!("{name} of {extent:?}, {activation:?}, {statistics:?} on {isa:?}")
            };
            let check = |name: &str, found: &[f32], expected: &[f32]| {
                assert_close(&widen(found), &widen(expected), 1e-3, &what(name));
            };
            check(
                "output",
                found.output.as_slice(),
                expected.output.as_slice(),
            );
            check("first map", &found.maps[0], &expected.maps[0]);
            check("second map", &found.maps[1], &expected.maps[1]);
            check("scale", &found.parameters.gamma, &expected.parameters.gamma);
            check("shift", &found.parameters.beta, &expected.parameters.beta);
        }
    }
}

#[test]
fn without_a_normalisation_it_is_the_activation() {
    for mut random in cases(20) {
        let extent = extent(&mut random);
        let case = random_case(&mut random, extent);
        for isa in isas() {
            let [first, second] = [0, 1].map(|map| (case.maps[map].as_slice(), case.channels[map]));
            let stack = Stack::new(extent, &[first, second]);
            let (back, parameters) =
                StackGradient::new(isa, &stack, &case.gradient, case.activation, None);
            assert_eq!(parameters, None);
            let shape = case.shape();
            let parts = [0, 1].map(|map| MapShape::planar(extent, case.channels[map]));
            let x = concatenate(shape, &[(parts[0], first.0), (parts[1], second.0)]);
            let mut expected = case.gradient.clone();
            activate_backward(isa, shape, x.as_slice(), &mut expected, case.activation);
            let expected = coverslip_kernels::maps::split(shape, &expected, &parts);
            for (map, expected) in expected.iter().enumerate() {
                let found = widen(back.of_map(map).as_slice());
                assert_close(&found, &widen(expected.as_slice()), 1e-6, "gradient");
            }
        }
    }
}

/// A case of more rows and parts than a work item has, and its convolution to the second map.
fn large() -> (Case, ConvShape, Vec<f32>) {
    let extent = Extent {
        n: 2,
        size: [1, 123, 91],
    };
    let mut random = cases(1).next().expect("a case");
    let mut case = random_case(&mut random, extent);
    (case.is_frozen, case.statistics) = (false, Statistics::Batch);
    let shape = ConvShape {
        input: extent,
        output: extent,
        in_channels: case.channels[0],
        out_channels: case.channels[1],
        kernel: [1, 3, 3],
        stride: [1; 3],
        padding: [0, 2, 2],
        dilation: [1, 2, 2],
        groups: 1,
    };
    let weight = narrow(&values(
        &mut random,
        case.channels[0] * case.channels[1] * 9,
    ));
    (case, shape, weight)
}

/// The gradient of the first map, by one call and as the sum of two maps.
fn convolved(isa: Isa, case: &Case, shape: &ConvShape, weight: &[f32]) -> [Vec<f32>; 2] {
    let [first, second] = [0, 1].map(|map| (case.maps[map].as_slice(), case.channels[map]));
    let stack = Stack::new(case.extent, &[first, second]);
    let moments = activated_moments(isa, &stack, case.activation, case.statistics);
    let inverse_std = moments.inverse_std(1e-5);
    let norm = case.norm(&moments.mean, &inverse_std);
    let (back, _) = StackGradient::new(isa, &stack, &case.gradient, case.activation, Some(&norm));
    let of_output = back.of_map(1);
    let of_output = of_output.as_slice();
    let through = planar::conv_input_gradient(isa, of_output, weight, shape);
    let direct = back.of_map(0);
    let sum = direct.as_slice().iter().zip(through.as_slice());
    let together = back.of_convolved_map(of_output, weight, shape);
    [
        together.as_slice().to_vec(),
        sum.map(|(a, b)| a + b).collect(),
    ]
}

#[test]
fn a_convolution_adds_its_gradient() {
    let (case, shape, weight) = large();
    for isa in isas() {
        let [found, expected] = convolved(isa, &case, &shape, &weight);
        assert_close(&widen(&found), &widen(&expected), 1e-5, "gradient");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (case, shape, weight) = large();
    for isa in isas() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| {
                let Found {
                    output,
                    maps,
                    parameters,
                } = stacked(isa, &case);
                let [together, _] = convolved(isa, &case, &shape, &weight);
                let [first, second] = maps;
                let output = output.as_slice().to_vec();
                [
                    output,
                    first,
                    second,
                    together,
                    parameters.gamma,
                    parameters.beta,
                ]
                .map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
            })
        };
        let one = on(1);
        assert!(one == on(2) && one == on(3), "{isa:?}");
    }
}
