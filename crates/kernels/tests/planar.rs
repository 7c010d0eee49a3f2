//! Convolutions of planar maps to a few channels against sums in `f64`, on every instruction set that
//! the processor has.
//!
//! `COVERSLIP_KERNEL_CASES` sets the number of random cases.

use coverslip_kernels::{ConvShape, Epilogue, Extent, FusedActivation, Isa, planar};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Case {
    shape: ConvShape,
    input: Vec<f32>,
    gradient: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Case {
    fn new(shape: ConvShape, rng: &mut ChaCha8Rng) -> Self {
        let mut values = |len: usize| (0..len).map(|_| rng.random_range(-1.0..1.0)).collect();
        let taps: usize = shape.kernel.iter().product();
        Self {
            shape,
            input: values(shape.input.n * shape.in_channels * shape.input.pixels()),
            gradient: values(shape.output.n * shape.out_channels * shape.output.pixels()),
            weight: values(shape.out_channels * shape.in_channels * taps),
            bias: values(shape.out_channels),
        }
    }
}

/// A convolution at stride 1; `after` are the zeros after the last pixel.
fn shape_of(
    channels: [usize; 2],
    n: usize,
    size: [usize; 3],
    kernel: [usize; 3],
    dilation: [usize; 3],
    padding: [usize; 3],
    after: [usize; 3],
) -> Option<ConvShape> {
    let mut output = [0; 3];
    for axis in 0..3 {
        let reach = dilation[axis] * (kernel[axis] - 1);
        output[axis] = (size[axis] + padding[axis] + after[axis]).checked_sub(reach)?;
    }
    (!output.contains(&0)).then_some(ConvShape {
        input: Extent { n, size },
        output: Extent { n, size: output },
        in_channels: channels[0],
        out_channels: channels[1],
        kernel,
        stride: [1; 3],
        padding,
        dilation,
        groups: 1,
    })
}

/// A kernel of three pixels along axes of more than one, with "same" padding.
fn same(channels: [usize; 2], n: usize, size: [usize; 3], dilation: usize) -> ConvShape {
    let kernel = size.map(|size| if size == 1 { 1 } else { 3 });
    let padding = kernel.map(|kernel| dilation * (kernel - 1) / 2);
    shape_of(channels, n, size, kernel, [dilation; 3], padding, padding).expect("an output")
}

fn random_shape(rng: &mut ChaCha8Rng) -> ConvShape {
    loop {
        let depth = if rng.random_bool(0.6) {
            1
        } else {
            rng.random_range(1..6)
        };
        let size = [depth, rng.random_range(1..12), rng.random_range(1..90)];
        let mut triple = |low: usize, high: usize| [0; 3].map(|_| rng.random_range(low..=high));
        let (mut kernel, dilation) = (triple(1, 4), triple(1, 12));
        let (mut padding, mut after) = (triple(0, 14), triple(0, 14));
        if depth == 1 {
            (kernel[0], padding[0], after[0]) = (1, 0, 0);
        }
        let channels = [rng.random_range(1..20), rng.random_range(1..=8)];
        let n = rng.random_range(1..3);
        let Some(shape) = shape_of(channels, n, size, kernel, dilation, padding, after) else {
            continue;
        };
        let taps: usize = kernel.iter().product();
        if shape.output.pixels() * n * channels[0] * channels[1] * taps < 1_000_000 {
            return shape;
        }
    }
}

/// Sums in `f64`, each with the sum of the sizes of its terms.
type Sums = Vec<[f64; 2]>;

/// Output without bias, gradient of the input and gradient of the weights.
fn reference(case: &Case) -> [Sums; 3] {
    let shape = &case.shape;
    let mut output = vec![[0.0; 2]; case.gradient.len()];
    let mut input_gradient = vec![[0.0; 2]; case.input.len()];
    let mut weight_gradient = vec![[0.0; 2]; case.weight.len()];
    let add = |sum: &mut [f64; 2], a: f32, b: f32| {
        let product = f64::from(a) * f64::from(b);
        sum[0] += product;
        sum[1] += product.abs();
    };
    let [kz, ky, kx] = shape.kernel;
    let [depth, height, width] = shape.output.size;
    for image in 0..shape.input.n {
        for (out, channel) in pairs(shape.out_channels, shape.in_channels) {
            for tap in 0..kz * ky * kx {
                let at = [tap / kx / ky, tap / kx % ky, tap % kx];
                let weight = (out * shape.in_channels + channel) * kz * ky * kx + tap;
                for pixel in 0..depth * height * width {
                    let place = [
                        pixel / width / height,
                        pixel / width % height,
                        pixel % width,
                    ];
                    let from = [0, 1, 2].map(|axis| {
                        let seen = place[axis] + at[axis] * shape.dilation[axis];
                        seen.wrapping_sub(shape.padding[axis])
                    });
                    let size = shape.input.size;
                    if (0..3).any(|axis| from[axis] >= size[axis]) {
                        continue;
                    }
                    let from = (from[0] * size[1] + from[1]) * size[2] + from[2];
                    let from = (image * shape.in_channels + channel) * shape.input.pixels() + from;
                    let to = (image * shape.out_channels + out) * shape.output.pixels() + pixel;
                    add(&mut output[to], case.input[from], case.weight[weight]);
                    add(
                        &mut input_gradient[from],
                        case.gradient[to],
                        case.weight[weight],
                    );
                    add(
                        &mut weight_gradient[weight],
                        case.gradient[to],
                        case.input[from],
                    );
                }
            }
        }
    }
    [output, input_gradient, weight_gradient]
}

fn pairs(outer: usize, inner: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outer * inner).map(move |index| (index / inner, index % inner))
}

fn compute(isa: Isa, case: &Case) -> [Vec<f32>; 3] {
    let (shape, weight) = (&case.shape, &case.weight);
    let epilogue = Epilogue {
        bias: Some(&case.bias),
        activation: FusedActivation::LeakyRelu(0.5),
    };
    [
        planar::conv(isa, &case.input, weight, epilogue, shape)
            .as_slice()
            .to_vec(),
        planar::conv_input_gradient(isa, &case.gradient, weight, shape)
            .as_slice()
            .to_vec(),
        planar::conv_weight_gradient(isa, &case.input, &case.gradient, shape),
    ]
}

fn available() -> impl Iterator<Item = Isa> {
    Isa::ALL.iter().copied().filter(|isa| isa.is_available())
}

/// Rounding errors of a sum are far below 1e-6 of the sum of the sizes of its terms.
fn assert_close(what: &str, found: &[f32], expected: &[[f64; 2]]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (&found, &[sum, size])) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - sum).abs();
        assert!(
            error <= 1e-6 * (size + 1.0),
            "{what}[{index}]: {found} for {sum}"
        );
    }
}

/// The reference's output with the bias and the activation of [`compute`].
fn finished(case: &Case, sums: &Sums) -> Sums {
    let pixels = case.shape.output.pixels();
    let finish = |(index, &[sum, size]): (usize, &[f64; 2])| {
        let value = sum + f64::from(case.bias[index / pixels % case.bias.len()]);
        [if value < 0.0 { 0.5 * value } else { value }, size]
    };
    sums.iter().enumerate().map(finish).collect()
}

fn check(case: &Case) {
    let [output, input_gradient, weight_gradient] = reference(case);
    let output = finished(case, &output);
    for isa in available() {
        let what = |name: &str| format!("{name} on {isa:?} of {:?}", case.shape);
        let found = compute(isa, case);
        assert_close(&what("output"), &found[0], &output);
        assert_close(&what("input gradient"), &found[1], &input_gradient);
        assert_close(&what("weight gradient"), &found[2], &weight_gradient);
    }
}

#[test]
fn random_convolutions_equal_their_reference() {
    let count = std::env::var("COVERSLIP_KERNEL_CASES").ok();
    let count: u64 = count.map_or(200, |count| count.parse().expect("a number of cases"));
    for seed in 0..count {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shape = random_shape(&mut rng);
        check(&Case::new(shape, &mut rng));
    }
}

#[test]
fn edges_and_long_rows_equal_their_reference() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for shape in [
        same([1, 1], 1, [1, 1, 1], 1),
        same([3, 2], 3, [1, 2, 2], 1),
        // Every tap but the middle one is beyond the image.
        same([5, 1], 1, [1, 4, 20], 25),
        same([2, 1], 1, [4, 3, 40], 50),
        same([7, 1], 2, [1, 40, 200], 10),
        same([46, 3], 1, [1, 9, 130], 1),
        // More taps than the copies of the ends of a row have room for.
        same([300, 1], 1, [1, 6, 33], 2),
        same([4, 5], 1, [6, 7, 70], 3),
        shape_of([23, 8], 1, [1, 5, 90], [1; 3], [1; 3], [0; 3], [0; 3]).expect("an output"),
    ] {
        check(&Case::new(shape, &mut rng));
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for shape in [
        same([9, 1], 2, [1, 70, 50], 3),
        same([5, 6], 1, [5, 20, 40], 2),
    ] {
        let case = Case::new(shape, &mut rng);
        for isa in available() {
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let found = pool.expect("a pool").install(|| compute(isa, &case));
                found.map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
            };
            let one = on(1);
            assert_eq!(one, on(2), "{shape:?} on 2 threads");
            assert_eq!(one, on(3), "{shape:?} on 3 threads");
        }
    }
}

#[test]
fn nan_and_infinity_reach_what_sees_them() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for (place, value) in [
        (13, f32::NAN),
        (6 * 50 + 49, f32::INFINITY),
        (450, f32::NAN),
    ] {
        let mut case = Case::new(same([2, 1], 1, [1, 10, 50], 4), &mut rng);
        case.input[place] = value;
        let [output, ..] = reference(&case);
        let mut reached = Case::new(case.shape, &mut rng);
        reached.gradient[place] = value;
        let [_, input_gradient, _] = reference(&reached);
        for isa in available() {
            let kinds = |found: &[f32], expected: &[[f64; 2]]| {
                assert!(expected.iter().any(|sum| !sum[0].is_finite()));
                for (index, (found, [expected, _])) in found.iter().zip(expected).enumerate() {
                    assert_eq!(
                        found.is_finite(),
                        expected.is_finite(),
                        "value {index} on {isa:?}"
                    );
                    assert_eq!(
                        found.is_nan(),
                        expected.is_nan(),
                        "value {index} on {isa:?}"
                    );
                }
            };
            kinds(&compute(isa, &case)[0], &finished(&case, &output));
            kinds(&compute(isa, &reached)[1], &input_gradient);
        }
    }
}

#[test]
#[should_panic(expected = "is not for planar kernels")]
fn a_stride_is_refused() {
    let shape = ConvShape {
        stride: [1, 2, 1],
        ..same([1, 1], 1, [1, 3, 3], 1)
    };
    planar::conv(
        Isa::Portable,
        &[0.0; 9],
        &[0.0; 9],
        Epilogue::default(),
        &shape,
    );
}
