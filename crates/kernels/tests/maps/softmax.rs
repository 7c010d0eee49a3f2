//! Probabilities of classes.

use coverslip_kernels::Extent;
use coverslip_kernels::maps::{MapShape, softmax, softmax_backward};
use rand::Rng;

use crate::support::{
    assert_close, assert_within, cases, channels, extent, isas, narrow, values, widen,
};

#[test]
fn probabilities_and_the_gradient_of_the_scores() {
    for mut random in cases(40) {
        let (extent, channels) = (extent(&mut random), channels(&mut random));
        compare(&mut random, extent, channels);
    }
}

#[test]
fn planes_larger_than_a_tile() {
    let extent = Extent {
        n: 2,
        size: [1, 50, 53],
    };
    for mut random in cases(5) {
        compare(&mut random, extent, 3);
    }
}

fn compare(random: &mut impl Rng, extent: Extent, channels: usize) {
    let pixels = extent.pixels();
    let count = extent.n * channels * pixels;
    // Powers of two keep them exact in 32 bits.
    let x: Vec<f64> = values(random, count).iter().map(|x| 16.0 * x).collect();
    let dy = values(random, count);
    let (mut y, mut dx) = (vec![0.0; count], vec![0.0; count]);
    for index in 0..extent.n * pixels {
        let first = index / pixels * channels * pixels + index % pixels;
        let places: Vec<usize> = (0..channels).map(|c| first + c * pixels).collect();
        let most = places.iter().map(|&at| x[at]).fold(f64::MIN, f64::max);
        let sum: f64 = places.iter().map(|&at| (x[at] - most).exp()).sum();
        for &at in &places {
            y[at] = (x[at] - most).exp() / sum;
        }
        let product: f64 = places.iter().map(|&at| y[at] * dy[at]).sum();
        for &at in &places {
            dx[at] = y[at] * (dy[at] - product);
        }
    }
    let shape = MapShape::planar(extent, channels);
    for isa in isas() {
        let found = softmax(isa, shape, &narrow(&x));
        assert_within(&widen(found.as_slice()), &y, 1e-6, "probabilities");
        let found = softmax_backward(isa, shape, found.as_slice(), &narrow(&dy));
        assert_close(
            &widen(found.as_slice()),
            &dx,
            1e-5,
            "gradient of the scores",
        );
    }
}

#[test]
fn large_scores_do_not_overflow_and_what_is_not_a_number_stays_so() {
    let extent = Extent {
        n: 1,
        size: [1, 1, 3],
    };
    let x = [3e38, 0.0, f32::NAN, -3e38, 0.0, 1.0];
    for isa in isas() {
        let y = softmax(isa, MapShape::planar(extent, 2), &x);
        let y = y.as_slice();
        assert_eq!((y[0], y[1], y[3], y[4]), (1.0, 0.5, 0.0, 0.5));
        assert!(y[2].is_nan() && y[5].is_nan(), "{y:?}");
    }
}
