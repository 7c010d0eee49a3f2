//! Winograd's convolutions against direct sums in double precision, on every instruction set.

use coverslip_kernels::{
    ConvShape, Epilogue, Extent, FusedActivation, Isa, Source, blocks, from_blocked, to_blocked,
    winograd,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Largest errors in units of the result's root mean square.
const RMS: f64 = 5e-6;
const LARGEST: f64 = 1e-4;

fn cases() -> usize {
    std::env::var("COVERSLIP_KERNEL_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(60)
}

fn values(random: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count)
        .map(|_| (0..4).map(|_| random.random_range(-0.87f32..0.87)).sum())
        .collect()
}

/// A random shape: sources of whole blocks but for the last, sizes from 1 pixel on.
fn shape(random: &mut ChaCha8Rng) -> ConvShape {
    let channels = [16, 17, 31, 32, 33, 48, 64, 80];
    let depth = if random.random_bool(0.3) { 3 } else { 1 };
    let size = [
        if depth == 1 {
            random.random_range(1..3)
        } else {
            random.random_range(1..5)
        },
        random.random_range(1..20),
        random.random_range(1..30),
    ];
    let n = random.random_range(1..4);
    let padding = if random.random_bool(0.8) || size[1] < 3 || size[2] < 3 || size[0] < depth {
        [depth / 2, 1, 1]
    } else {
        [0, 0, 0]
    };
    let output = [0, 1, 2].map(|axis| size[axis] + 2 * padding[axis] + 1 - [depth, 3, 3][axis]);
    ConvShape {
        input: Extent { n, size },
        output: Extent { n, size: output },
        in_channels: channels[random.random_range(0..channels.len())],
        out_channels: channels[random.random_range(0..channels.len())],
        kernel: [depth, 3, 3],
        stride: [1; 3],
        padding,
        dilation: [1; 3],
        groups: 1,
    }
}

/// Calls `visit` with (output index, input index, weight index) of every product.
fn products(shape: &ConvShape, mut visit: impl FnMut(usize, usize, usize)) {
    let [depth, height, width] = shape.input.size;
    let [out_depth, out_height, out_width] = shape.output.size;
    let inside = |position: usize, tap: usize, padding: usize, size: usize| {
        (position + tap)
            .checked_sub(padding)
            .filter(|&at| at < size)
    };
    for n in 0..shape.input.n {
        for o in 0..shape.out_channels {
            for z in 0..out_depth {
                for y in 0..out_height {
                    for x in 0..out_width {
                        let out = (((n * shape.out_channels + o) * out_depth + z) * out_height + y)
                            * out_width
                            + x;
                        for kz in 0..shape.kernel[0] {
                            let Some(iz) = inside(z, kz, shape.padding[0], depth) else {
                                continue;
                            };
                            for ky in 0..3 {
                                let Some(iy) = inside(y, ky, shape.padding[1], height) else {
                                    continue;
                                };
                                for kx in 0..3 {
                                    let Some(ix) = inside(x, kx, shape.padding[2], width) else {
                                        continue;
                                    };
                                    for i in 0..shape.in_channels {
                                        let input = (((n * shape.in_channels + i) * depth + iz)
                                            * height
                                            + iy)
                                            * width
                                            + ix;
                                        let weight =
                                            (((o * shape.in_channels + i) * shape.kernel[0] + kz)
                                                * 3
                                                + ky)
                                                * 3
                                                + kx;
                                        visit(out, input, weight);
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

fn assert_close(what: &str, shape: &ConvShape, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let count = expected.len() as f64;
    let rms = (expected.iter().map(|value| value * value).sum::<f64>() / count)
        .sqrt()
        .max(1e-3);
    let errors = || {
        found
            .iter()
            .zip(expected)
            .map(|(&found, expected)| (f64::from(found) - expected).abs())
    };
    let largest = errors().fold(0.0, f64::max) / rms;
    let mean = (errors().map(|error| error * error).sum::<f64>() / count).sqrt() / rms;
    assert!(
        mean <= RMS && largest <= LARGEST,
        "{what}: rms error {mean:.1e}, largest {largest:.1e} for {shape:?}"
    );
}

/// Splits blocked values of `channels` channels into two sources where there are several blocks.
fn split(planar: &[f32], channels: usize, extent: Extent) -> Vec<(Vec<f32>, usize)> {
    let first = if blocks(channels) > 1 { 16 } else { channels };
    let pixels = extent.pixels();
    [(0, first), (first, channels - first)]
        .into_iter()
        .filter(|&(_, count)| count > 0)
        .map(|(start, count)| {
            let part: Vec<f32> = planar
                .chunks_exact(channels * pixels)
                .flat_map(|image| image[start * pixels..(start + count) * pixels].to_vec())
                .collect();
            let blocked = to_blocked(&part, count, extent);
            (blocked.as_slice().to_vec(), blocks(count))
        })
        .collect()
}

/// Convolutions whose transformed weights are too large to be kept: odd numbers of blocks, channels
/// that are no whole block, several planes and several runs of tiles.
fn large_shapes() -> [ConvShape; 3] {
    let large = |channels: [usize; 2], n: usize, size: [usize; 3]| {
        let depth = size[0].min(3);
        ConvShape {
            input: Extent { n, size },
            output: Extent { n, size },
            in_channels: channels[0],
            out_channels: channels[1],
            kernel: [depth, 3, 3],
            stride: [1; 3],
            padding: [depth / 2, 1, 1],
            dilation: [1; 3],
            groups: 1,
        }
    };
    [
        large([250, 267], 2, [1, 7, 10]),
        large([272, 240], 2, [1, 1, 270]),
        large([120, 176], 1, [3, 5, 6]),
    ]
}

#[test]
fn forward_and_both_gradients_equal_direct_sums() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut shapes: Vec<ConvShape> = (0..cases()).map(|_| shape(&mut random)).collect();
    shapes.extend(large_shapes());
    for shape in shapes {
        let input = values(
            &mut random,
            shape.input.n * shape.in_channels * shape.input.pixels(),
        );
        let weight = values(
            &mut random,
            shape.out_channels * shape.in_channels * shape.kernel[0] * 9,
        );
        let gradient = values(
            &mut random,
            shape.output.n * shape.out_channels * shape.output.pixels(),
        );
        let bias = values(&mut random, shape.out_channels);
        let mut output = vec![0.0f64; gradient.len()];
        let mut input_gradient = vec![0.0f64; input.len()];
        let mut weight_gradient = vec![0.0f64; weight.len()];
        products(&shape, |o, i, w| {
            output[o] += f64::from(input[i]) * f64::from(weight[w]);
            input_gradient[i] += f64::from(gradient[o]) * f64::from(weight[w]);
            weight_gradient[w] += f64::from(gradient[o]) * f64::from(input[i]);
        });
        let pixels = shape.output.pixels();
        for (index, value) in output.iter_mut().enumerate() {
            *value += f64::from(bias[index / pixels % shape.out_channels]);
            *value = if *value > 0.0 { *value } else { *value * 0.125 };
        }
        let parts = split(&input, shape.in_channels, shape.input);
        let sources: Vec<Source<'_>> = parts
            .iter()
            .map(|(values, blocks)| Source {
                values,
                blocks: *blocks,
            })
            .collect();
        let blocked_gradient = to_blocked(&gradient, shape.out_channels, shape.output);
        let gradients = [Source {
            values: blocked_gradient.as_slice(),
            blocks: blocks(shape.out_channels),
        }];
        for &isa in Isa::ALL.iter().filter(|isa| isa.is_available()) {
            let name = isa.name();
            let epilogue = Epilogue {
                bias: Some(&bias),
                activation: FusedActivation::LeakyRelu(0.125),
            };
            let (found, moments) = winograd::conv(isa, &sources, &weight, epilogue, &shape, true);
            let moments = moments.expect("moments were asked for");
            let found = from_blocked(found.as_slice(), shape.out_channels, shape.output);
            assert_close(&format!("{name} forward"), &shape, &found, &output);
            for (index, channel) in found.chunks_exact(pixels).enumerate() {
                let count = pixels as f64;
                let mean = channel.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
                let square = |v: &f32| (f64::from(*v) - mean).powi(2);
                let variance = channel.iter().map(square).sum::<f64>() / count;
                let (image, channel) = (index / shape.out_channels, index % shape.out_channels);
                let part = &moments[image * blocks(shape.out_channels) + channel / 16];
                let (m, v) = (part.mean[channel % 16], part.m2[channel % 16] / count);
                assert_eq!(part.count, pixels);
                let scale = variance.sqrt() + mean.abs() + 1e-3;
                assert!((m - mean).abs() < 1e-5 * scale, "{m} {mean}");
                assert!(
                    (v - variance).abs() < 1e-4 * scale * scale,
                    "{v} {variance}"
                );
            }
            let counts: Vec<usize> = parts.iter().map(|part| part.1).collect();
            let found = winograd::conv_input_gradient(isa, &gradients, &weight, &shape, &counts);
            let mut joined = vec![0.0; input.len()];
            let mut start = 0;
            for (buffer, count) in found.iter().zip(&counts) {
                let channels = (count * 16).min(shape.in_channels - start);
                let part = from_blocked(buffer.as_slice(), channels, shape.input);
                let pixels = shape.input.pixels();
                for (image, part) in part.chunks_exact(channels * pixels).enumerate() {
                    joined[(image * shape.in_channels + start) * pixels..][..part.len()]
                        .copy_from_slice(part);
                }
                start += channels;
            }
            assert_close(&format!("{name} input"), &shape, &joined, &input_gradient);
            let found = winograd::conv_weight_gradient(isa, &sources, &gradients, &shape);
            assert_close(&format!("{name} weight"), &shape, &found, &weight_gradient);
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let extent = Extent {
        n: 2,
        size: [1, 90, 75],
    };
    for channels in [32, 208, 272] {
        let shape = ConvShape {
            input: extent,
            output: extent,
            in_channels: channels,
            out_channels: channels,
            kernel: [1, 3, 3],
            stride: [1; 3],
            padding: [0, 1, 1],
            dilation: [1; 3],
            groups: 1,
        };
        let map = to_blocked(
            &values(&mut random, 2 * channels * extent.pixels()),
            channels,
            extent,
        );
        let weight = values(&mut random, channels * channels * 9);
        let sources = [Source {
            values: map.as_slice(),
            blocks: blocks(channels),
        }];
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("a pool of threads");
            pool.install(|| {
                let isa = Isa::best();
                let epilogue = Epilogue::default();
                let (output, moments) =
                    winograd::conv(isa, &sources, &weight, epilogue, &shape, true);
                let moments = moments.expect("moments were asked for");
                let weights = winograd::conv_weight_gradient(isa, &sources, &sources, &shape);
                (output.as_slice().to_vec(), weights, moments)
            })
        };
        let one = run(1);
        assert!(one == run(2) && one == run(3), "{channels} channels");
    }
}

#[test]
fn a_nan_reaches_its_tiles_and_no_lane_without_a_channel() {
    let extent = Extent {
        n: 1,
        size: [1, 12, 12],
    };
    let shape = ConvShape {
        input: extent,
        output: extent,
        in_channels: 16,
        out_channels: 20,
        kernel: [1, 3, 3],
        stride: [1; 3],
        padding: [0, 1, 1],
        dilation: [1; 3],
        groups: 1,
    };
    let mut input = vec![1.0f32; 16 * 144];
    input[5 * 12 + 5] = f32::NAN;
    let blocked = to_blocked(&input, 16, extent);
    let sources = [Source {
        values: blocked.as_slice(),
        blocks: 1,
    }];
    let weight = vec![0.5; 20 * 16 * 9];
    for &isa in Isa::ALL.iter().filter(|isa| isa.is_available()) {
        let (output, _) =
            winograd::conv(isa, &sources, &weight, Epilogue::default(), &shape, false);
        for (index, value) in output.as_slice().iter().enumerate() {
            let (block, pixel, lane) = (index / 16 / 144, index / 16 % 144, index % 16);
            let (y, x) = (pixel / 12, pixel % 12);
            if block * 16 + lane >= 20 {
                assert_eq!(*value, 0.0);
            } else if (4..=6).contains(&y) && (4..=6).contains(&x) {
                assert!(value.is_nan());
            } else if y < 4 || x < 4 || y > 7 || x > 7 {
                assert!(value.is_finite());
            }
        }
    }
}

#[test]
fn no_images_give_no_gradient() {
    let extent = Extent {
        n: 0,
        size: [1, 8, 8],
    };
    let shape = ConvShape {
        input: extent,
        output: extent,
        in_channels: 16,
        out_channels: 16,
        kernel: [1, 3, 3],
        stride: [1; 3],
        padding: [0, 1, 1],
        dilation: [1; 3],
        groups: 1,
    };
    let nothing = [Source {
        values: &[],
        blocks: 1,
    }];
    // Memory that was used before must not show.
    drop(to_blocked(
        &vec![f32::NAN; 16 << 16],
        16,
        Extent {
            n: 1,
            size: [1, 256, 256],
        },
    ));
    let gradient = winograd::conv_weight_gradient(Isa::best(), &nothing, &nothing, &shape);
    assert!(gradient.iter().all(|&value| value == 0.0));
}
