//! Memory throughput of the operations on one map, next to that of a copy: bytes read and written,
//! the best of several runs. `COVERSLIP_SIMD` chooses the instruction set.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;
use std::time::Instant;

use coverslip_kernels::maps::{
    Activation, Interpolation, MapShape, Norm, Statistics, Window, average_pool, max_pool,
    max_pool_backward, moments, normalize_activate, normalize_activate_backward, resample,
    resample_backward,
};
use coverslip_kernels::{Buffer, Extent, Isa};
use rayon::prelude::*;

const RUNS: usize = 5;

/// Prints the throughput of `work`, which reads and writes `values` values.
fn time(name: &str, values: usize, mut work: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
    }
    let rate = (4 * values) as f64 / best / 1e9;
    println!("  {name:<34} {rate:6.1} GB/s {:8.2} ms", best * 1e3);
}

fn measure(isa: Isa, shape: MapShape) {
    let count = shape.len();
    let mut x = Buffer::zeros(count);
    for (index, value) in x.as_mut_slice().iter_mut().enumerate() {
        *value = ((index * 7919) % 2003) as f32 / 1000.0 - 1.0;
    }
    let x = x.as_slice();
    let channels = shape.channels;
    let (ones, zeros) = (vec![1.0; channels], vec![0.0; channels]);

    let mut gradient = Buffer::zeros(count);
    gradient.as_mut_slice().copy_from_slice(x);
    time("copy into the same memory", 2 * count, || {
        let target = gradient.as_mut_slice().par_chunks_mut(8192);
        target
            .zip(x.par_chunks(8192))
            .for_each(|(target, source)| target.copy_from_slice(source));
        black_box(&gradient);
    });
    time("copy into a new buffer", 2 * count, || {
        let mut target = Vec::with_capacity(count);
        x.par_chunks(8192)
            .zip(target.spare_capacity_mut().par_chunks_mut(8192))
            .for_each(|(source, target)| {
                target.write_copy_of_slice(source);
            });
        black_box(&target);
    });
    time("moments", count, || {
        black_box(moments(isa, shape, x, Statistics::Batch));
    });
    for (name, activation) in [
        ("normalise, relu", Activation::Relu),
        ("normalise, silu", Activation::Silu),
        ("normalise, gelu", Activation::Gelu),
        ("normalise, tanh", Activation::Tanh),
    ] {
        time(name, 2 * count, || {
            black_box(normalize_activate(isa, shape, x, &ones, &zeros, activation));
        });
        let norm = Norm {
            statistics: Statistics::Batch,
            is_frozen: false,
            mean: &zeros,
            inverse_std: &ones,
            gamma: &ones,
            beta: &zeros,
            activation,
        };
        time(&format!("{name}, backward"), 5 * count, || {
            let gradient = gradient.as_mut_slice();
            black_box(normalize_activate_backward(isa, shape, x, gradient, &norm));
        });
    }

    measure_sizes(isa, shape, x);
}

/// Pooling and resampling.
fn measure_sizes(isa: Isa, shape: MapShape, x: &[f32]) {
    let count = shape.len();
    let [_, y, x_len] = shape.extent.size;
    let window = Window::tiles([1, 2, 2]);
    let pooled = max_pool(isa, shape, x, window);
    time("max pool 2x2", count + count / 4, || {
        black_box(max_pool(isa, shape, x, window));
    });
    time("max pool 2x2, backward", 2 * count + count / 4, || {
        black_box(max_pool_backward(isa, shape, x, pooled.as_slice(), window));
    });
    let overlapping = Window {
        kernel: [1, 3, 3],
        stride: [1, 2, 2],
        padding: [0, 1, 1],
    };
    time("max pool 3x3, stride 2", count + count / 4, || {
        black_box(max_pool(isa, shape, x, overlapping));
    });
    time(
        "max pool 3x3, stride 2, backward",
        2 * count + count / 4,
        || {
            black_box(max_pool_backward(
                isa,
                shape,
                x,
                pooled.as_slice(),
                overlapping,
            ));
        },
    );
    time("average pool 2x2", count + count / 4, || {
        black_box(average_pool(isa, shape, x, window, true));
    });
    let small = shape.with_size([1, y / 2, x_len / 2]);
    let linear = Interpolation::Linear {
        align_corners: false,
    };
    for (name, interpolation) in [
        ("bilinear x2", linear),
        ("nearest x2", Interpolation::Nearest),
    ] {
        time(name, count + count / 4, || {
            let values = pooled.as_slice();
            black_box(resample(
                isa,
                small,
                values,
                shape.extent.size,
                interpolation,
            ));
        });
        time(&format!("{name}, backward"), count + count / 4, || {
            black_box(resample_backward(
                isa,
                small,
                x,
                shape.extent.size,
                interpolation,
            ));
        });
    }
}

fn main() {
    let isa = Isa::best();
    let extent = |n, side| Extent {
        n,
        size: [1, side, side],
    };
    // The second is small enough for the allocator to keep: new memory costs more than any kernel.
    let shapes = [
        ("blocked", MapShape::blocked(extent(4, 256), 64)),
        ("blocked", MapShape::blocked(extent(1, 128), 64)),
        ("planar", MapShape::planar(extent(4, 256), 15)),
    ];
    for threads in [1, 2] {
        for (name, shape) in shapes {
            let Extent { n, size } = shape.extent;
            let isa_name = isa.name();
            println!(
                "{isa_name} {name}, {threads} thread(s), {n} x {} x {size:?}",
                shape.channels
            );
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| measure(isa, shape));
        }
    }
}
