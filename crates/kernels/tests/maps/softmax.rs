//! Probabilities of classes.

use coverslip_kernels::maps::{MapShape, softmax, softmax_backward};
use coverslip_kernels::{Extent, Isa};

use crate::support::widen;
use crate::support::{assert_close, assert_within, cases, channels, extent, isas, narrow, values};

#[test]
fn probabilities_and_the_gradient_of_the_scores() {
    for mut random in cases(40) {
        let (extent, channels) = (extent(&mut random), channels(&mut random));
        let pixels = extent.pixels();
        let count = extent.n * channels * pixels;
        let x: Vec<f64> = values(&mut random, count)
            .iter()
            .map(|x| 20.0 * x)
            .collect();
        let dy = values(&mut random, count);
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

#[test]
fn maps_of_several_parts_have_the_same_bits_on_any_number_of_threads() {
    let extent = Extent {
        n: 2,
        size: [1, 50, 53],
    };
    let shape = MapShape::planar(extent, 3);
    let x: Vec<f32> = (0..shape.len()).map(|at| (at as f32).sin() * 9.0).collect();
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let y = pool.unwrap().install(|| softmax(Isa::best(), shape, &x));
        y.as_slice().to_vec()
    };
    assert_eq!(of(1), of(3));
}
