//! Prints the seconds of the operations of a mixed-scale dense network's training step (45 layers of
//! one map, dilations 1 to 10, 2 x 1 x 256 x 256), on the threads that `RAYON_NUM_THREADS` says.
//!
//! `cargo run --release -p coverslip-kernels --example msdnet_speed [RUNS]` prints the fastest.

#![expect(clippy::print_stdout, reason = "what the program is for")]

use std::time::Instant;

use coverslip_kernels::{
    Buffer, ConvShape, Epilogue, Extent, Isa,
    maps::{
        Activation, Moments, Norm, Stack, StackGradient, Statistics, activate_normalize,
        activated_moments,
    },
    planar,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LAYERS: usize = 45;
const EXTENT: Extent = Extent {
    n: 2,
    size: [1, 256, 256],
};
const EPSILON: f32 = 1e-5;
const PASSES: [&str; 7] = [
    "convolution",
    "moments",
    "normalisation",
    "sums of the gradient",
    "gradient of the new map",
    "gradient of the weights",
    "gradient of the input",
];

struct Layer {
    shape: ConvShape,
    weight: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

struct Kept {
    input: Buffer,
    new: Buffer,
    moments: Moments,
}

fn layer(index: usize) -> Layer {
    let dilation = index % 10 + 1;
    let channels = index + 1;
    let shape = ConvShape {
        input: EXTENT,
        output: EXTENT,
        in_channels: channels,
        out_channels: 1,
        kernel: [1, 3, 3],
        stride: [1; 3],
        padding: [0, dilation, dilation],
        dilation: [1, dilation, dilation],
        groups: 1,
    };
    let weights = (0..channels * 9).map(|index| (index * 7919 % 100) as f32 / 500.0 - 0.1);
    Layer {
        shape,
        weight: weights.collect(),
        gamma: vec![1.0; channels + 1],
        beta: vec![0.0; channels + 1],
    }
}

struct Clock {
    last: Instant,
    seconds: [f64; PASSES.len()],
}

impl Clock {
    fn pass(&mut self, pass: usize) {
        let now = Instant::now();
        self.seconds[pass] += (now - self.last).as_secs_f64();
        self.last = now;
    }
}

fn step(layers: &[Layer], isa: Isa) -> [f64; PASSES.len()] {
    let activation = Activation::Relu;
    let mut map = Buffer::zeros(EXTENT.n * EXTENT.pixels());
    for (index, value) in map.as_mut_slice().iter_mut().enumerate() {
        *value = (index * 7919 % 1000) as f32 / 500.0 - 1.0;
    }
    let mut clock = Clock {
        last: Instant::now(),
        seconds: [0.0; PASSES.len()],
    };
    let mut kept = Vec::new();
    for layer in layers {
        let channels = layer.shape.in_channels;
        let bias = Epilogue {
            bias: Some(&[0.1]),
            ..Epilogue::default()
        };
        let new = planar::conv(isa, map.as_slice(), &layer.weight, bias, &layer.shape);
        clock.pass(0);
        let stack = Stack::new(EXTENT, &[(map.as_slice(), channels), (new.as_slice(), 1)]);
        let moments = activated_moments(isa, &stack, activation, Statistics::Batch);
        clock.pass(1);
        let inverse_std = moments.inverse_std(EPSILON);
        let (scale, shift) = norm(layer, &moments, &inverse_std).scale_and_shift(stack.shape());
        let output = activate_normalize(isa, &stack, activation, &scale, &shift);
        clock.pass(2);
        kept.push(Kept {
            input: std::mem::replace(&mut map, output),
            new,
            moments,
        });
    }
    let mut gradient = map;
    clock.last = Instant::now();
    for (
        layer,
        Kept {
            input,
            new,
            moments,
        },
    ) in layers.iter().zip(kept).rev()
    {
        let channels = layer.shape.in_channels;
        let stack = Stack::new(EXTENT, &[(input.as_slice(), channels), (new.as_slice(), 1)]);
        let inverse_std = moments.inverse_std(EPSILON);
        let norm = norm(layer, &moments, &inverse_std);
        let values = gradient.as_slice();
        let (back, _) = StackGradient::new(isa, &stack, values, activation, Some(&norm));
        clock.pass(3);
        let of_new = back.of_map(1);
        clock.pass(4);
        planar::conv_weight_gradient(isa, input.as_slice(), of_new.as_slice(), &layer.shape);
        clock.pass(5);
        let below = back.of_convolved_map(of_new.as_slice(), &layer.weight, &layer.shape);
        clock.pass(6);
        gradient = below;
    }
    clock.seconds
}

fn norm<'a>(layer: &'a Layer, moments: &'a Moments, inverse_std: &'a [f32]) -> Norm<'a> {
    Norm {
        statistics: Statistics::Batch,
        is_frozen: false,
        mean: &moments.mean,
        inverse_std,
        gamma: &layer.gamma,
        beta: &layer.beta,
        activation: Activation::Identity,
    }
}

fn main() {
    let runs = std::env::args()
        .nth(1)
        .map_or(5, |runs| runs.parse().expect("a number of runs"));
    let layers: Vec<Layer> = (0..LAYERS).map(layer).collect();
    let mut best = [f64::INFINITY; PASSES.len()];
    let mut total = f64::INFINITY;
    // The first run finds fresh memory.
    for _ in 0..=runs {
        let seconds = step(&layers, Isa::best());
        total = total.min(seconds.iter().sum());
        for (best, seconds) in best.iter_mut().zip(seconds) {
            *best = best.min(seconds);
        }
    }
    for (pass, seconds) in PASSES.iter().zip(best) {
        println!("{pass:24} {:7.1} ms", seconds * 1e3);
    }
    println!("{:24} {:7.1} ms", "step", total * 1e3);
}
