//! Prints the speed of direct convolutions in GFLOP/s: forward, input gradient and weight gradient,
//! on one thread and on two.
//!
//! `cargo run --release -p coverslip-kernels --example direct_speed [SECONDS]` gives each
//! measurement that long and takes its fastest run.

#![expect(clippy::print_stdout, reason = "what the program is for")]

use std::time::Instant;

use coverslip_kernels::{
    Buffer, ConvShape, Epilogue, Extent, Isa, LANES, Map, Source, blocks, conv,
    conv_input_gradient, conv_weight_gradient,
};

/// As the command line has it: with the system's allocator every large output is fresh memory, whose
/// first touch costs more than a convolution of few channels.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn map_of(extent: Extent, channels: usize) -> Buffer {
    let len = if channels < LANES {
        extent.n * channels * extent.pixels()
    } else {
        extent.blocked_len(blocks(channels))
    };
    let mut map = Buffer::zeros(len);
    for (index, value) in map.as_mut_slice().iter_mut().enumerate() {
        *value = (index * 7919 % 1000) as f32 / 500.0 - 1.0;
    }
    map
}

fn with_map<R>(values: &Buffer, channels: usize, work: impl FnOnce(Map<'_>) -> R) -> R {
    if channels < LANES {
        return work(Map::Planar(values.as_slice()));
    }
    let source = Source {
        values: values.as_slice(),
        blocks: blocks(channels),
    };
    work(Map::Blocked(&[source]))
}

/// The seconds of the fastest run.
fn fastest(seconds: f64, mut work: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    let mut runs = 0;
    // The first runs find fresh memory.
    while begin.elapsed().as_secs_f64() < seconds || runs < 4 {
        runs += 1;
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}

fn shape(
    channels: [usize; 2],
    n: usize,
    size: [usize; 3],
    kernel: [usize; 3],
    stride: usize,
) -> ConvShape {
    let padding = if stride == 1 {
        kernel.map(|kernel| kernel / 2)
    } else {
        [0; 3]
    };
    let strides = [1, stride, stride];
    ConvShape {
        input: Extent { n, size },
        output: Extent {
            n,
            size: [0, 1, 2].map(|axis| size[axis] / strides[axis]),
        },
        in_channels: channels[0],
        out_channels: channels[1],
        kernel,
        stride: strides,
        padding,
        dilation: [1; 3],
        groups: 1,
    }
}

/// GFLOP/s forward, input gradient and weight gradient.
fn speeds(isa: Isa, shape: &ConvShape, seconds: f64) -> [f64; 3] {
    let input = map_of(shape.input, shape.in_channels);
    let gradient = map_of(shape.output, shape.out_channels);
    let taps: usize = shape.kernel.iter().product();
    let weight = vec![0.01; shape.out_channels * shape.in_channels / shape.groups * taps];
    let sources = [blocks(shape.in_channels)];
    let pixels = shape.output.n * shape.output.pixels();
    let operations = 2.0 * (pixels * weight.len()) as f64;
    with_map(&input, shape.in_channels, |input| {
        with_map(&gradient, shape.out_channels, |gradient| {
            let none = Epilogue::default();
            let forward = fastest(seconds, || {
                std::hint::black_box(conv(isa, input, &weight, none, shape));
            });
            let input_gradient = fastest(seconds, || {
                let found = conv_input_gradient(isa, gradient, &weight, none, shape, &sources);
                std::hint::black_box(found);
            });
            let weight_gradient = fastest(seconds, || {
                std::hint::black_box(conv_weight_gradient(isa, input, gradient, shape));
            });
            [forward, input_gradient, weight_gradient].map(|time| operations / time / 1e9)
        })
    })
}

fn main() {
    let seconds = std::env::args().nth(1);
    let seconds = seconds.map_or(0.15, |text| text.parse().expect("seconds"));
    let isa = Isa::best();
    let square = |channels: [usize; 2], size: usize, kernel: usize, stride: usize| {
        shape(channels, 4, [1, size, size], [1, kernel, kernel], stride)
    };
    let cases = [
        ("1->32 3x3 256", square([1, 32], 256, 3, 1)),
        ("3->64 3x3 256", square([3, 64], 256, 3, 1)),
        ("32->32 3x3 256", square([32, 32], 256, 3, 1)),
        ("64->64 3x3 128", square([64, 64], 128, 3, 1)),
        ("128->128 3x3 64", square([128, 128], 64, 3, 1)),
        ("256->256 3x3 32", square([256, 256], 32, 3, 1)),
        ("512->512 3x3 16", square([512, 512], 16, 3, 1)),
        (
            "512->512 3x3 16 N=1",
            shape([512, 512], 1, [1, 16, 16], [1, 3, 3], 1),
        ),
        ("64->64 1x1 128", square([64, 64], 128, 1, 1)),
        ("32->1 3x3 256", square([32, 1], 256, 3, 1)),
        ("64->3 1x1 128", square([64, 3], 128, 1, 1)),
        // The transposed convolution's forward pass is the input gradient.
        ("64->32 2x2/2 up 64", square([32, 64], 128, 2, 2)),
        (
            "64->64 3x3/2 128",
            ConvShape {
                padding: [0, 1, 1],
                ..square([64, 64], 128, 3, 2)
            },
        ),
        ("64->64 7x7 64", square([64, 64], 64, 7, 1)),
        (
            "16->16 3x3x3 32x64x64",
            shape([16, 16], 1, [32, 64, 64], [3; 3], 1),
        ),
        (
            "64 depthwise 7x7 128",
            ConvShape {
                groups: 64,
                ..square([64, 64], 128, 7, 1)
            },
        ),
    ];
    println!(
        "{} GFLOP/s: forward, input gradient, weight gradient",
        isa.name()
    );
    println!("{:24}{:>24}{:>26}", "", "1 thread", "2 threads");
    for (name, shape) in cases {
        let [one, two] = [1, 2].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool")
                .install(|| speeds(isa, &shape, seconds))
        });
        let text = |values: [f64; 3]| values.map(|value| format!("{value:8.1}")).concat();
        println!("{name:24}{}  {}", text(one), text(two));
    }
}
