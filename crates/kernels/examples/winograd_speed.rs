//! Speed of Winograd's convolutions in GFLOP/s of the direct convolution, the best of several runs:
//! `cargo run --release -p coverslip-kernels --example winograd_speed`

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::time::Instant;

use coverslip_kernels::{ConvShape, Epilogue, Extent, Isa, Source, blocks, to_blocked, winograd};

fn main() {
    let isa = Isa::best();
    println!(
        "{}: forward / input gradient / weight gradient, GFLOP/s",
        isa.name()
    );
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool of threads");
        println!("{threads} thread(s)");
        let shapes = [
            (4, 16, 16, [1, 256, 256]),
            (4, 32, 32, [1, 256, 256]),
            (4, 64, 32, [1, 256, 256]),
            (4, 64, 64, [1, 128, 128]),
            (4, 128, 128, [1, 64, 64]),
            (4, 256, 256, [1, 32, 32]),
            (4, 512, 512, [1, 16, 16]),
            (1, 16, 16, [32, 128, 128]),
            (1, 32, 32, [16, 64, 64]),
            (1, 64, 64, [8, 32, 32]),
        ];
        for (n, from, to, size) in shapes {
            pool.install(|| measure(isa, n, from, to, size));
        }
    }
}

fn measure(isa: Isa, n: usize, in_channels: usize, out_channels: usize, size: [usize; 3]) {
    let extent = Extent { n, size };
    let depth = if size[0] > 1 { 3 } else { 1 };
    let shape = ConvShape {
        input: extent,
        output: extent,
        in_channels,
        out_channels,
        kernel: [depth, 3, 3],
        stride: [1; 3],
        padding: [depth / 2, 1, 1],
        dilation: [1; 3],
        groups: 1,
    };
    let ramp = |channels: usize| -> Vec<f32> {
        (0..n * channels * extent.pixels())
            .map(|index| (index % 17) as f32 / 17.0 - 0.5)
            .collect()
    };
    let input = to_blocked(&ramp(in_channels), in_channels, extent);
    let gradient = to_blocked(&ramp(out_channels), out_channels, extent);
    let weight: Vec<f32> = (0..out_channels * in_channels * depth * 9)
        .map(|index| (index % 13) as f32 / 13.0 - 0.5)
        .collect();
    let sources = [Source {
        values: input.as_slice(),
        blocks: blocks(in_channels),
    }];
    let gradients = [Source {
        values: gradient.as_slice(),
        blocks: blocks(out_channels),
    }];
    let operations = 2.0 * (n * in_channels * out_channels * depth * 9 * extent.pixels()) as f64;
    let speed = |work: &dyn Fn()| {
        let best = (0..7)
            .map(|_| {
                let start = Instant::now();
                work();
                start.elapsed().as_secs_f64()
            })
            .fold(f64::MAX, f64::min);
        operations / best / 1e9
    };
    let forward = speed(&|| {
        winograd::conv(isa, &sources, &weight, Epilogue::default(), &shape, true);
    });
    let backward = speed(&|| {
        winograd::conv_input_gradient(isa, &gradients, &weight, &shape, &[blocks(in_channels)]);
    });
    let weights = speed(&|| {
        winograd::conv_weight_gradient(isa, &sources, &gradients, &shape);
    });
    println!(
        "{n} x {in_channels:>3} to {out_channels:>3}, {size:?}: {forward:6.0} {backward:6.0} {weights:6.0}"
    );
}
