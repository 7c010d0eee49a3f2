//! Products with a map of one channel.

use coverslip_kernels::maps::{MapShape, gate, gate_factor_gradient};

use crate::support::{assert_close, cases, channels, extent, forms, narrow, read, store, values};

#[test]
fn products_and_the_gradient_of_the_factors() {
    for mut random in cases(40) {
        let (extent, channels) = (extent(&mut random), channels(&mut random));
        let pixels = extent.pixels();
        let count = extent.n * channels * pixels;
        let (x, dy) = (values(&mut random, count), values(&mut random, count));
        let factors = values(&mut random, extent.n * pixels);
        let factor_of = |index: usize| index / (channels * pixels) * pixels + index % pixels;
        let mut expected = x.clone();
        let mut gradient = vec![0.0; factors.len()];
        for index in 0..count {
            expected[index] *= factors[factor_of(index)];
            gradient[factor_of(index)] += x[index] * dy[index];
        }
        for (isa, shape) in forms(extent, channels) {
            let (x, dy) = (store(shape, &x), store(shape, &dy));
            let y = gate(isa, shape, x.as_slice(), &narrow(&factors));
            assert_close(&read(shape, y.as_slice()), &expected, 1e-6, "products");
            let found = gate_factor_gradient(isa, shape, x.as_slice(), dy.as_slice());
            let found = read(MapShape::planar(extent, 1), found.as_slice());
            assert_close(&found, &gradient, 1e-5, "gradient of the factors");
        }
    }
}

#[test]
fn infinite_factors_leave_lanes_without_a_channel_zero() {
    for mut random in cases(5) {
        let extent = extent(&mut random);
        let x = values(&mut random, extent.n * 17 * extent.pixels());
        let factors = vec![f32::INFINITY; extent.n * extent.pixels()];
        for (isa, shape) in forms(extent, 17) {
            let y = gate(isa, shape, store(shape, &x).as_slice(), &factors);
            read(shape, y.as_slice());
        }
    }
}
