//! Operations that are linear along the pixels: the reference is a list of weights.

use coverslip_kernels::maps::{
    Continuation, Interpolation, MapShape, Window, average_pool, average_pool_backward, crop,
    global_average, global_average_backward, pad, pad_continued, pad_continued_backward, resample,
    resample_backward,
};
use coverslip_kernels::{Extent, Isa};
use rand::{Rng, RngExt};

use crate::support::{assert_close, cases, channels, extent, forms, pick, read, store, values};

/// The taps of one output index of one axis.
type Taps = Vec<(usize, f64)>;

/// One axis: the taps of each output.
type Axis = Vec<Taps>;

fn sizes(axes: &[Axis; 3]) -> [usize; 3] {
    axes.each_ref().map(Vec::len)
}

/// Calls `work` with the output pixel, the input pixel and the weight of each connection.
fn connections(axes: &[Axis; 3], input: [usize; 3], mut work: impl FnMut(usize, usize, f64)) {
    let output = sizes(axes);
    for z in 0..output[0] {
        for y in 0..output[1] {
            for x in 0..output[2] {
                let to = (z * output[1] + y) * output[2] + x;
                for (from_z, weight_z) in &axes[0][z] {
                    for (from_y, weight_y) in &axes[1][y] {
                        for (from_x, weight_x) in &axes[2][x] {
                            let from = (from_z * input[1] + from_y) * input[2] + from_x;
                            work(to, from, weight_z * weight_y * weight_x);
                        }
                    }
                }
            }
        }
    }
}

fn check(
    random: &mut impl Rng,
    extent: Extent,
    axes: &[Axis; 3],
    forward: impl Fn(Isa, MapShape, &[f32]) -> coverslip_kernels::Buffer,
    backward: impl Fn(Isa, MapShape, &[f32]) -> coverslip_kernels::Buffer,
    what: &str,
) {
    let channels = channels(random);
    let planes = extent.n * channels;
    let pixels: usize = sizes(axes).iter().product();
    let (x, dy) = (
        values(random, planes * extent.pixels()),
        values(random, planes * pixels),
    );
    let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
    for plane in 0..planes {
        let (from, to) = (plane * extent.pixels(), plane * pixels);
        connections(axes, extent.size, |output, input, weight| {
            y[to + output] += weight * x[from + input];
            dx[from + input] += weight * dy[to + output];
        });
    }
    for (isa, shape) in forms(extent, channels) {
        let result = shape.with_size(sizes(axes));
        let what = format!("{what} {isa:?} {shape:?}");
        let got = forward(isa, shape, store(shape, &x).as_slice());
        assert_close(&read(result, got.as_slice()), &y, 1e-5, &what);
        let got = backward(isa, shape, store(result, &dy).as_slice());
        assert_close(
            &read(shape, got.as_slice()),
            &dx,
            1e-5,
            &format!("{what} backward"),
        );
    }
}

fn nearest(inputs: usize, outputs: usize) -> Axis {
    (0..outputs)
        .map(|o| vec![(o * inputs / outputs, 1.0)])
        .collect()
}

fn linear(inputs: usize, outputs: usize, align_corners: bool) -> Axis {
    let taps = |output: usize| {
        let place = if align_corners && outputs == 1 {
            0.0
        } else if align_corners {
            output as f64 * (inputs as f64 - 1.0) / (outputs as f64 - 1.0)
        } else {
            ((output as f64 + 0.5) * inputs as f64 / outputs as f64 - 0.5).max(0.0)
        };
        let near = (place.floor() as usize).min(inputs - 1);
        let far = (near + 1).min(inputs - 1);
        vec![
            (near, 1.0 - (place - near as f64)),
            (far, place - near as f64),
        ]
    };
    (0..outputs).map(taps).collect()
}

#[test]
fn resampling() {
    for mut random in cases(80) {
        let extent = extent(&mut random);
        let doubles = random.random_bool(0.3);
        let size = extent.size.map(|side| {
            if doubles && side > 1 {
                2 * side
            } else {
                pick(&mut random, &[1, 2, 3, 7, 16, side])
            }
        });
        let interpolation = pick(
            &mut random,
            &[
                Interpolation::Nearest,
                Interpolation::Linear {
                    align_corners: false,
                },
                Interpolation::Linear {
                    align_corners: true,
                },
            ],
        );
        let axes = [0, 1, 2].map(|axis| match interpolation {
            Interpolation::Nearest => nearest(extent.size[axis], size[axis]),
            Interpolation::Linear { align_corners } => {
                linear(extent.size[axis], size[axis], align_corners)
            }
        });
        check(
            &mut random,
            extent,
            &axes,
            |isa, shape, x| resample(isa, shape, x, size, interpolation),
            |isa, shape, dy| resample_backward(isa, shape, dy, size, interpolation),
            &format!("{interpolation:?} to {size:?}"),
        );
    }
}

/// The numbers of PyTorch's `interpolate(torch.tensor([[[1., 2., 4.]]]), size=..., mode="linear")`,
/// worked out by hand from its documented formula.
#[test]
fn linear_resampling_by_hand() {
    let extent = Extent {
        n: 1,
        size: [1, 1, 3],
    };
    let by_hand = [
        (false, vec![1.0, 1.25, 1.75, 2.5, 3.5, 4.0]),
        (true, vec![1.0, 1.4, 1.8, 2.4, 3.2, 4.0]),
    ];
    for (align_corners, expected) in by_hand {
        for (isa, shape) in forms(extent, 1) {
            let x = store(shape, &[1.0, 2.0, 4.0]);
            let linear = Interpolation::Linear { align_corners };
            let got = resample(isa, shape, x.as_slice(), [1, 1, 6], linear);
            let got = read(shape.with_size([1, 1, 6]), got.as_slice());
            assert_close(&got, &expected, 1e-6, "by hand");
        }
    }
}

/// A random window that fits.
pub(crate) fn window(random: &mut impl Rng, size: [usize; 3]) -> Window {
    if random.random_bool(0.3) {
        return Window::tiles(size.map(|side| side.min(pick(random, &[1, 2, 2, 3]))));
    }
    let mut window = Window::tiles([1; 3]);
    for (axis, side) in size.into_iter().enumerate() {
        let kernel: usize = random.random_range(1..=4);
        window.padding[axis] = random.random_range(0..=kernel / 2).min(kernel - 1);
        window.kernel[axis] = kernel.min(side + 2 * window.padding[axis]);
        window.stride[axis] = random.random_range(1..=3);
    }
    window
}

#[test]
fn average_pooling() {
    for mut random in cases(60) {
        let extent = extent(&mut random);
        let window = window(&mut random, extent.size);
        let count_padding = random.random();
        let size = window.output_size(extent.size);
        let axes = [0, 1, 2].map(|axis| -> Axis {
            let taps = |output: usize| -> Taps {
                let inside = (0..window.kernel[axis]).filter_map(|tap| {
                    let place = output * window.stride[axis] + tap;
                    let input = place.checked_sub(window.padding[axis])?;
                    (input < extent.size[axis]).then_some(input)
                });
                let inside: Vec<usize> = inside.collect();
                let count = if count_padding {
                    window.kernel[axis]
                } else {
                    inside.len()
                };
                inside
                    .into_iter()
                    .map(|input| (input, 1.0 / count as f64))
                    .collect()
            };
            (0..size[axis]).map(taps).collect()
        });
        check(
            &mut random,
            extent,
            &axes,
            |isa, shape, x| average_pool(isa, shape, x, window, count_padding),
            |isa, shape, dy| average_pool_backward(isa, shape, dy, window, count_padding),
            &format!("{window:?} {count_padding}"),
        );
    }
}

#[test]
fn global_averages() {
    for mut random in cases(20) {
        let extent = extent(&mut random);
        let axes = extent.size.map(|side| -> Axis {
            vec![(0..side).map(|input| (input, 1.0 / side as f64)).collect()]
        });
        check(
            &mut random,
            extent,
            &axes,
            global_average,
            |_, shape, dy| global_average_backward(shape, dy),
            "global average",
        );
    }
}

#[test]
fn padding_and_cropping() {
    for mut random in cases(40) {
        let extent = extent(&mut random);
        let mut amounts = || [0; 3].map(|_: usize| random.random_range(0..4_usize));
        let (before, after) = (amounts(), amounts());
        let axes = [0, 1, 2].map(|axis| -> Axis {
            let inside = (0..extent.size[axis]).map(|input| vec![(input, 1.0)]);
            let empty = |count| std::iter::repeat_n(Taps::new(), count);
            empty(before[axis])
                .chain(inside)
                .chain(empty(after[axis]))
                .collect()
        });
        let size = extent.size;
        check(
            &mut random,
            extent,
            &axes,
            |isa, shape, x| pad(isa, shape, x, before, after),
            |isa, shape, dy| crop(isa, shape.with_size(sizes(&axes)), dy, before, size),
            &format!("{before:?} {after:?}"),
        );
    }
}

#[test]
fn continued_images() {
    for mut random in cases(90) {
        let extent = extent(&mut random);
        let all = [
            Continuation::Mirror,
            Continuation::Edge,
            Continuation::Periodic,
        ];
        let continuation = pick(&mut random, &all);
        let most = |side: usize| match continuation {
            Continuation::Mirror => side - 1,
            Continuation::Edge => 6,
            Continuation::Periodic => side,
        };
        let mut amounts = || {
            extent
                .size
                .map(|side| random.random_range(0..=most(side).min(6)))
        };
        let (before, after) = (amounts(), amounts());
        let axes = [0, 1, 2].map(|axis| -> Axis {
            let (side, before, after) = (extent.size[axis], before[axis], after[axis]);
            let (front, back): (Vec<usize>, Vec<usize>) = match continuation {
                Continuation::Mirror => (
                    (1..=before).rev().collect(),
                    (side - 1 - after..side - 1).rev().collect(),
                ),
                Continuation::Edge => (vec![0; before], vec![side - 1; after]),
                Continuation::Periodic => ((side - before..side).collect(), (0..after).collect()),
            };
            let taps = front.into_iter().chain(0..side).chain(back);
            taps.map(|input| vec![(input, 1.0)]).collect()
        });
        check(
            &mut random,
            extent,
            &axes,
            |isa, shape, x| pad_continued(isa, shape, x, before, after, continuation),
            |isa, shape, dy| pad_continued_backward(isa, shape, dy, before, after, continuation),
            &format!("{before:?} {after:?} {continuation:?}"),
        );
    }
}
