//! Direct convolutions against sums in `f64`, on every instruction set that the processor has.
//!
//! `COVERSLIP_KERNEL_CASES` sets the number of random cases.

use coverslip_kernels::{
    Buffer, ConvShape, Epilogue, Extent, FusedActivation, Isa, LANES, Map, Source, blocks, conv,
    conv_input_gradient, conv_weight_gradient, from_blocked, to_blocked,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A map in the layout of its channels, cut into sources.
struct Owned {
    buffers: Vec<(Buffer, usize)>,
    channels: usize,
}

impl Owned {
    fn new(planar: &[f32], channels: usize, extent: Extent, sources: &[usize]) -> Self {
        if channels < LANES {
            let mut buffer = Buffer::zeros(planar.len());
            buffer.as_mut_slice().copy_from_slice(planar);
            return Self {
                buffers: vec![(buffer, 1)],
                channels,
            };
        }
        let mut first = 0;
        let cut = |&count: &usize| {
            let own = (count * LANES).min(channels - first);
            let values = part(planar, channels, extent, first, own);
            first += own;
            (to_blocked(&values, own, extent), count)
        };
        Self {
            buffers: sources.iter().map(cut).collect(),
            channels,
        }
    }

    fn with_map<R>(&self, work: impl FnOnce(Map<'_>) -> R) -> R {
        if self.channels < LANES {
            return work(Map::Planar(self.buffers[0].0.as_slice()));
        }
        let mut sources = Vec::new();
        for (buffer, blocks) in &self.buffers {
            sources.push(Source {
                values: buffer.as_slice(),
                blocks: *blocks,
            });
        }
        work(Map::Blocked(&sources))
    }
}

/// Some channels of a planar map.
fn part(planar: &[f32], channels: usize, extent: Extent, first: usize, count: usize) -> Vec<f32> {
    let pixels = extent.pixels();
    let images = planar.chunks_exact(channels * pixels);
    let own = images.flat_map(|image| &image[first * pixels..(first + count) * pixels]);
    own.copied().collect()
}

/// What a kernel returned as a planar map; lanes without a channel must be zero.
fn planar(buffers: &[Buffer], channels: usize, extent: Extent) -> Vec<f32> {
    if channels < LANES {
        return buffers[0].as_slice().to_vec();
    }
    let pixels = extent.pixels();
    let mut planar = vec![f32::NAN; extent.n * channels * pixels];
    let mut first = 0;
    for buffer in buffers {
        let lanes = buffer.as_slice().len() / (extent.n * pixels);
        let values = from_blocked(buffer.as_slice(), lanes, extent);
        for (index, plane) in values.chunks_exact(pixels).enumerate() {
            let (image, channel) = (index / lanes, first + index % lanes);
            if channel < channels {
                planar[(image * channels + channel) * pixels..][..pixels].copy_from_slice(plane);
            } else {
                assert!(
                    plane.iter().all(|&value| value == 0.0),
                    "a lane without a channel"
                );
            }
        }
        first += lanes;
    }
    planar
}

struct Case {
    shape: ConvShape,
    sources: Vec<usize>,
    input: Vec<f32>,
    gradient: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    input_bias: Vec<f32>,
    activation: FusedActivation,
}

const CHANNELS: [usize; 16] = [1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 48, 64, 69, 70];
/// Multiply-adds of a case that the reference computes in a moment.
const MOST_WORK: usize = 1_500_000;

fn work(shape: &ConvShape) -> usize {
    let taps: usize = shape.kernel.iter().product();
    shape.output.n
        * shape.output.pixels()
        * shape.out_channels
        * (shape.in_channels / shape.groups)
        * taps
}

fn random_shape(rng: &mut ChaCha8Rng) -> ConvShape {
    loop {
        let is_flat = rng.random_bool(0.65);
        let is_plain = rng.random_bool(0.4);
        let mut axis = |is_used: bool, most: usize| {
            if !is_used {
                return [1, 1, 0, 1, 1, 1];
            }
            let kernel = if is_plain {
                [1, 2, 3, 3][rng.random_range(0..4)]
            } else {
                rng.random_range(1..=7)
            };
            let stride = if is_plain { 1 } else { rng.random_range(1..=3) };
            let dilation = if is_plain { 1 } else { rng.random_range(1..=3) };
            let padding = rng.random_range(0..=kernel);
            let size = rng.random_range(1..=most);
            let padded: usize = size + 2 * padding;
            let span = dilation * (kernel - 1) + 1;
            let out = padded.checked_sub(span).map_or(0, |room| room / stride + 1);
            [kernel, stride, padding, dilation, size, out]
        };
        let axes = [axis(!is_flat, 7), axis(true, 24), axis(true, 70)];
        let pick = |index: usize| axes.map(|axis| axis[index]);
        let mut channel = || match rng.random_range(0..3) {
            0 => rng.random_range(1..=70),
            _ => CHANNELS[rng.random_range(0..CHANNELS.len())],
        };
        let (mut in_channels, mut out_channels, mut groups) = (channel(), channel(), 1);
        match rng.random_range(0..8) {
            0 => {
                groups = in_channels;
                out_channels = in_channels;
            }
            1 => {
                groups = rng.random_range(2..=4);
                in_channels = (in_channels / groups).max(1) * groups;
                out_channels = (out_channels / groups).max(1) * groups;
            }
            2 => {
                groups = rng.random_range(2..=3);
                in_channels = groups * 16 * rng.random_range(1..=2);
                out_channels = groups * 16 * rng.random_range(1..=3);
            }
            _ => {}
        }
        let n = rng.random_range(1..=3);
        let shape = ConvShape {
            input: Extent { n, size: pick(4) },
            output: Extent { n, size: pick(5) },
            in_channels,
            out_channels,
            kernel: pick(0),
            stride: pick(1),
            padding: pick(2),
            dilation: pick(3),
            groups,
        };
        if shape.output.pixels() > 0 && work(&shape) <= MOST_WORK {
            return shape;
        }
    }
}

fn random_values(rng: &mut ChaCha8Rng, len: usize) -> Vec<f32> {
    (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn random_case(rng: &mut ChaCha8Rng) -> Case {
    let shape = random_shape(rng);
    let taps: usize = shape.kernel.iter().product();
    let mut left = blocks(shape.in_channels);
    let mut sources = Vec::new();
    while left > 0 {
        let count = rng.random_range(1..=left);
        sources.push(count);
        left -= count;
    }
    let activations = [
        FusedActivation::Identity,
        FusedActivation::Relu,
        FusedActivation::LeakyRelu(0.1),
    ];
    let input_len = shape.input.n * shape.in_channels * shape.input.pixels();
    let output_len = shape.output.n * shape.out_channels * shape.output.pixels();
    let weight_len = shape.out_channels * (shape.in_channels / shape.groups) * taps;
    Case {
        shape,
        sources,
        input: random_values(rng, input_len),
        gradient: random_values(rng, output_len),
        weight: random_values(rng, weight_len),
        bias: random_values(rng, shape.out_channels),
        input_bias: random_values(rng, shape.in_channels),
        activation: activations[rng.random_range(0..3)],
    }
}

/// Calls `visit(input index, weight index, output index)` for every product of a convolution.
fn products(shape: &ConvShape, mut visit: impl FnMut(usize, usize, usize)) {
    let (group_in, group_out) = (
        shape.in_channels / shape.groups,
        shape.out_channels / shape.groups,
    );
    let [out_z, out_y, out_x] = shape.output.size;
    let [in_z, in_y, in_x] = shape.input.size;
    let [kernel_z, kernel_y, kernel_x] = shape.kernel;
    let seen = |axis: usize, out: usize, tap: usize| {
        let place = out * shape.stride[axis] + tap * shape.dilation[axis];
        place
            .checked_sub(shape.padding[axis])
            .filter(|&place| place < shape.input.size[axis])
    };
    for image in 0..shape.output.n {
        for out in 0..shape.out_channels {
            for channel in 0..group_in {
                let source = image * shape.in_channels + out / group_out * group_in + channel;
                for tap_z in 0..kernel_z {
                    for tap_y in 0..kernel_y {
                        for tap_x in 0..kernel_x {
                            let kernel = (out * group_in + channel) * kernel_z + tap_z;
                            let weight = (kernel * kernel_y + tap_y) * kernel_x + tap_x;
                            for z in 0..out_z {
                                let Some(from_z) = seen(0, z, tap_z) else {
                                    continue;
                                };
                                for y in 0..out_y {
                                    let Some(from_y) = seen(1, y, tap_y) else {
                                        continue;
                                    };
                                    let row = ((source * in_z + from_z) * in_y + from_y) * in_x;
                                    let plane = image * shape.out_channels + out;
                                    let to = ((plane * out_z + z) * out_y + y) * out_x;
                                    for x in 0..out_x {
                                        if let Some(from_x) = seen(2, x, tap_x) {
                                            visit(row + from_x, weight, to + x);
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Sums in `f64`, each with the sum of the squares of its products.
struct Reference {
    output: Vec<[f64; 2]>,
    input_gradient: Vec<[f64; 2]>,
    weight_gradient: Vec<[f64; 2]>,
}

impl Reference {
    fn of(case: &Case) -> Self {
        let mut reference = Self {
            output: vec![[0.0; 2]; case.gradient.len()],
            input_gradient: vec![[0.0; 2]; case.input.len()],
            weight_gradient: vec![[0.0; 2]; case.weight.len()],
        };
        let add = |[sum, squares]: &mut [f64; 2], product: f64| {
            *sum += product;
            *squares += product * product;
        };
        products(&case.shape, |input, weight, output| {
            let [x, w, g] = [
                case.input[input],
                case.weight[weight],
                case.gradient[output],
            ]
            .map(f64::from);
            add(&mut reference.output[output], x * w);
            add(&mut reference.input_gradient[input], g * w);
            add(&mut reference.weight_gradient[weight], x * g);
        });
        reference
    }
}

fn finished(
    sums: &[[f64; 2]],
    bias: &[f32],
    activation: FusedActivation,
    pixels: usize,
) -> Vec<[f64; 2]> {
    let finish = |(index, &[sum, squares]): (usize, &[f64; 2])| {
        let value = sum + f64::from(bias[index / pixels % bias.len()]);
        let value = match activation {
            FusedActivation::Relu => value.max(0.0),
            FusedActivation::LeakyRelu(slope) if value < 0.0 => value * f64::from(slope),
            FusedActivation::LeakyRelu(_) | FusedActivation::Identity => value,
        };
        [value, squares]
    };
    sums.iter().enumerate().map(finish).collect()
}

/// The sum of `n` products of random sign is about the root of the sum of their squares. On the way
/// there each addition rounds a value of at most about that size by half of 1.2e-7 of it; these
/// errors walk at random too, hence `root(n)`. The factor 3e-7 is some seven standard deviations.
/// The bias, at most 1, and the result are rounded once more.
fn assert_close(name: &str, found: &[f32], expected: &[[f64; 2]], terms: usize, context: &str) {
    assert_eq!(found.len(), expected.len(), "{name}: {context}");
    for (index, (&found, &[expected, squares])) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        let walk = (terms as f64 * squares).sqrt();
        let tolerance = 3e-7 * (walk + expected.abs() + 1.0);
        assert!(
            error <= tolerance,
            "{name}[{index}]: {found} for {expected}, tolerance {tolerance:e}: {context}"
        );
    }
}

/// Output, input gradient and weight gradient.
type Results = [Vec<f32>; 3];

fn compute(isa: Isa, case: &Case) -> Results {
    let shape = &case.shape;
    let input = Owned::new(&case.input, shape.in_channels, shape.input, &case.sources);
    let whole = [blocks(shape.out_channels)];
    let gradient = Owned::new(&case.gradient, shape.out_channels, shape.output, &whole);
    let epilogue = |bias| Epilogue {
        bias: Some(bias),
        activation: case.activation,
    };
    let output = input.with_map(|map| conv(isa, map, &case.weight, epilogue(&case.bias), shape));
    let input_gradient = gradient.with_map(|map| {
        let epilogue = epilogue(&case.input_bias);
        conv_input_gradient(isa, map, &case.weight, epilogue, shape, &case.sources)
    });
    let weight_gradient = input
        .with_map(|input| gradient.with_map(|map| conv_weight_gradient(isa, input, map, shape)));
    [
        planar(&[output], shape.out_channels, shape.output),
        planar(&input_gradient, shape.in_channels, shape.input),
        weight_gradient,
    ]
}

fn available() -> impl Iterator<Item = Isa> {
    Isa::ALL.iter().copied().filter(|isa| isa.is_available())
}

fn check(case: &Case, name: &str) {
    let Case { shape, .. } = case;
    let reference = Reference::of(case);
    let taps: usize = shape.kernel.iter().product();
    let (pixels_in, pixels_out) = (shape.input.pixels(), shape.output.pixels());
    let output = finished(&reference.output, &case.bias, case.activation, pixels_out);
    let input_gradient = finished(
        &reference.input_gradient,
        &case.input_bias,
        case.activation,
        pixels_in,
    );
    for isa in available() {
        let context = format!("{name} on {isa:?}: {shape:?}, sources {:?}", case.sources);
        let found = compute(isa, case);
        let terms = shape.in_channels / shape.groups * taps;
        assert_close("output", &found[0], &output, terms, &context);
        let terms = shape.out_channels / shape.groups * taps;
        assert_close(
            "input gradient",
            &found[1],
            &input_gradient,
            terms,
            &context,
        );
        let terms = shape.output.n * pixels_out;
        assert_close(
            "weight gradient",
            &found[2],
            &reference.weight_gradient,
            terms,
            &context,
        );
    }
}

fn case_count() -> u64 {
    let count = std::env::var("COVERSLIP_KERNEL_CASES").ok();
    count.map_or(200, |count| count.parse().expect("a number of cases"))
}

#[test]
fn random_convolutions_equal_their_reference() {
    for seed in 0..case_count() {
        let case = random_case(&mut ChaCha8Rng::seed_from_u64(seed));
        check(&case, &format!("case {seed}"));
    }
}

/// `channels_in -> channels_out` in one image, with "same" padding.
fn plain(in_channels: usize, out_channels: usize, kernel: usize, size: [usize; 3]) -> ConvShape {
    let extent = Extent { n: 1, size };
    let own = |axis: usize, value: usize| if size[axis] == 1 { 1 } else { value };
    let kernel = [0, 1, 2].map(|axis| own(axis, kernel));
    ConvShape {
        input: extent,
        output: extent,
        in_channels,
        out_channels,
        kernel,
        stride: [1; 3],
        padding: kernel.map(|kernel| kernel / 2),
        dilation: [1; 3],
        groups: 1,
    }
}

fn case_of(shape: ConvShape, seed: u64) -> Case {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let taps: usize = shape.kernel.iter().product();
    let (pixels_in, pixels_out) = (shape.input.pixels(), shape.output.pixels());
    Case {
        shape,
        sources: vec![blocks(shape.in_channels)],
        input: random_values(&mut rng, shape.input.n * shape.in_channels * pixels_in),
        gradient: random_values(&mut rng, shape.output.n * shape.out_channels * pixels_out),
        weight: random_values(
            &mut rng,
            shape.out_channels * (shape.in_channels / shape.groups) * taps,
        ),
        bias: random_values(&mut rng, shape.out_channels),
        input_bias: random_values(&mut rng, shape.in_channels),
        activation: FusedActivation::Identity,
    }
}

/// Larger than the random cases: several regions, column chunks, partial sums and splits.
#[test]
fn maps_of_many_regions_equal_their_reference() {
    let wide = plain(3, 20, 3, [1, 15, 600]);
    let deep = plain(96, 70, 3, [1, 9, 15]);
    let volume = plain(16, 17, 3, [5, 10, 30]);
    let strided = ConvShape {
        output: Extent {
            n: 1,
            size: [1, 11, 151],
        },
        stride: [1, 2, 2],
        ..plain(18, 33, 3, [1, 22, 302])
    };
    let pointwise = plain(32, 40, 1, [1, 60, 60]);
    for (index, shape) in [wide, deep, volume, strided, pointwise]
        .into_iter()
        .enumerate()
    {
        check(&case_of(shape, index as u64), "large");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let shapes = [
        plain(3, 20, 3, [1, 40, 120]),
        plain(64, 48, 3, [1, 20, 33]),
        plain(16, 5, 3, [4, 9, 20]),
        ConvShape {
            groups: 40,
            ..plain(40, 40, 3, [1, 50, 50])
        },
    ];
    for (index, shape) in shapes.into_iter().enumerate() {
        let case = case_of(shape, index as u64);
        for isa in available() {
            let with_threads = |count: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
                let results = pool.expect("a pool").install(|| compute(isa, &case));
                results.map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
            };
            let one = with_threads(1);
            assert_eq!(one, with_threads(2), "{shape:?}");
            assert_eq!(one, with_threads(3), "{shape:?}");
        }
    }
}

#[test]
fn nan_and_infinity_reach_what_sees_them() {
    let size = [1, 12, 30];
    let grouped = ConvShape {
        groups: 2,
        ..plain(20, 20, 3, size)
    };
    let depthwise = ConvShape {
        groups: 20,
        ..plain(20, 20, 3, size)
    };
    for shape in [
        plain(20, 20, 3, size),
        plain(2, 3, 3, size),
        grouped,
        depthwise,
    ] {
        for value in [f32::NAN, f32::INFINITY] {
            for activation in [FusedActivation::Identity, FusedActivation::Relu] {
                let mut case = case_of(shape, 1);
                case.activation = activation;
                // Channel 1, row 5, pixel 13, in the input and in the gradient.
                let place = 360 + 5 * 30 + 13;
                case.input[place] = value;
                case.gradient[place] = value;
                let reference = Reference::of(&case);
                let output = finished(&reference.output, &case.bias, activation, 360);
                let input_gradient =
                    finished(&reference.input_gradient, &case.input_bias, activation, 360);
                for isa in available() {
                    let found = compute(isa, &case);
                    assert_same_kinds(&found[0], &output, &reference.output);
                    assert_same_kinds(&found[1], &input_gradient, &reference.input_gradient);
                    let expected = &reference.weight_gradient;
                    assert_same_kinds(&found[2], expected, expected);
                }
            }
        }
    }
}

/// The same values are finite, and NaN where the sum was NaN even if the reference's maximum is not.
fn assert_same_kinds(found: &[f32], expected: &[[f64; 2]], sums: &[[f64; 2]]) {
    assert!(sums.iter().any(|[sum, _]| !sum.is_finite()));
    for ((found, [expected, _]), [sum, _]) in found.iter().zip(expected).zip(sums) {
        if sum.is_nan() {
            assert!(found.is_nan(), "{found} for NaN");
        } else {
            assert_eq!(
                found.is_finite(),
                expected.is_finite(),
                "{found} for {expected}"
            );
        }
    }
}

#[test]
#[should_panic(expected = "the input does not have the values of 3 channels")]
fn wrong_sizes_are_named() {
    let shape = plain(3, 4, 3, [1, 8, 8]);
    let values = vec![0.0; 100];
    conv(
        Isa::Portable,
        Map::Planar(&values),
        &vec![0.0; 4 * 27],
        Epilogue::default(),
        &shape,
    );
}
