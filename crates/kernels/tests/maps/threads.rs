//! The same bits for every number of threads.

use coverslip_kernels::maps::{
    Activation, Interpolation, MapShape, Norm, Statistics, Window, average_pool,
    average_pool_backward, channel_sums, concatenate, global_average, max_pool, max_pool_backward,
    moments, normalize_activate_backward, resample, resample_backward,
};
use coverslip_kernels::{Extent, Isa};

use crate::support::{cases, forms, store, values};

/// The bits of many results.
fn results(isa: Isa, shape: MapShape, x: &[f32], dy: &[f32]) -> Vec<u32> {
    let mut all = Vec::new();
    let mut keep = |values: &[f32]| all.extend(values.iter().map(|value| value.to_bits()));
    for statistics in [
        Statistics::Batch,
        Statistics::Instance,
        Statistics::Group(1),
    ] {
        let moments = moments(isa, shape, x, statistics);
        let ones = vec![1.0; shape.channels];
        let norm = Norm {
            statistics,
            is_frozen: false,
            mean: &moments.mean,
            inverse_std: &moments.inverse_std(1e-5),
            gamma: &ones,
            beta: &ones,
            activation: Activation::Gelu,
        };
        let mut dx = dy.to_vec();
        let rest = normalize_activate_backward(isa, shape, x, &mut dx, &norm);
        for values in [
            &moments.mean,
            &moments.variance,
            &rest.gamma,
            &rest.beta,
            &dx,
        ] {
            keep(values);
        }
    }
    keep(&channel_sums(isa, shape, x));
    keep(global_average(isa, shape, x).as_slice());
    let window = Window {
        kernel: [1, 3, 3],
        stride: [1, 2, 2],
        padding: [0, 1, 1],
    };
    let pooled = max_pool(isa, shape, x, window);
    keep(pooled.as_slice());
    keep(max_pool_backward(isa, shape, x, pooled.as_slice(), window).as_slice());
    let tiles = Window::tiles([1, 2, 2]);
    let averages = average_pool(isa, shape, x, tiles, true);
    keep(max_pool_backward(isa, shape, x, averages.as_slice(), tiles).as_slice());
    keep(average_pool_backward(isa, shape, averages.as_slice(), tiles, true).as_slice());
    let linear = Interpolation::Linear {
        align_corners: false,
    };
    let size = [1, 131, 99];
    let larger = resample(isa, shape, x, size, linear);
    keep(larger.as_slice());
    keep(resample_backward(isa, shape, larger.as_slice(), size, linear).as_slice());
    let twice = MapShape {
        channels: 2 * shape.channels,
        ..shape
    };
    keep(concatenate(twice, &[(shape, x), (shape, dy)]).as_slice());
    all
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let extent = Extent {
        n: 2,
        size: [1, 123, 91],
    };
    for mut random in cases(1) {
        let count = 2 * 17 * extent.pixels();
        let (x, dy) = (values(&mut random, count), values(&mut random, count));
        for (isa, shape) in forms(extent, 17) {
            let (x, dy) = (store(shape, &x), store(shape, &dy));
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let pool = pool.expect("threads");
                pool.install(|| results(isa, shape, x.as_slice(), dy.as_slice()))
            };
            let one = with(1);
            assert!(one == with(2) && one == with(3), "{isa:?} {shape:?}");
        }
    }
}
