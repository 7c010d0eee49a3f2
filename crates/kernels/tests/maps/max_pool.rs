//! Maximum pooling against PyTorch's loop.

use coverslip_kernels::Extent;
use coverslip_kernels::maps::{Window, max_pool, max_pool_backward};
use rand::{Rng, RngExt};

use crate::linear::window;
use crate::support::{assert_close, cases, channels, extent, forms, read, store, values};

/// The maximum of each window of a plane and where it is; PyTorch's loop.
fn reference(x: &[f64], size: [usize; 3], window: Window) -> Vec<(f64, usize)> {
    let output = window.output_size(size);
    let mut maxima = Vec::new();
    for index in 0..output.iter().product() {
        let at = [
            index / (output[1] * output[2]),
            index / output[2] % output[1],
            index % output[2],
        ];
        let inside = |axis: usize| {
            let (kernel, padding) = (window.kernel[axis], window.padding[axis]);
            let origin = at[axis] * window.stride[axis];
            let indices = origin..origin + kernel;
            let inputs = indices.filter_map(move |place| place.checked_sub(padding));
            inputs.filter(move |&input| input < size[axis])
        };
        let mut best: Option<(f64, usize)> = None;
        for z in inside(0) {
            for y in inside(1) {
                for column in inside(2) {
                    let place = (z * size[1] + y) * size[2] + column;
                    let value = x[place];
                    if best.is_none_or(|(best, _)| value > best || value.is_nan()) {
                        best = Some((value, place));
                    }
                }
            }
        }
        maxima.push(best.expect("a window with a pixel"));
    }
    maxima
}

/// Few different values, for ties; some infinities.
fn coarse_values(random: &mut impl Rng, count: usize) -> Vec<f64> {
    let value = |_| match random.random_range(0..40) {
        0 => f64::NEG_INFINITY,
        1 => f64::INFINITY,
        other => f64::from(other % 7) - 3.0,
    };
    (0..count).map(value).collect()
}

fn check(random: &mut impl Rng, extent: Extent, window: Window) {
    let channels = channels(random);
    let planes = extent.n * channels;
    let x = if random.random() {
        coarse_values(random, planes * extent.pixels())
    } else {
        values(random, planes * extent.pixels())
    };
    let pixels: usize = window.output_size(extent.size).iter().product();
    let dy = values(random, planes * pixels);
    let (mut y, mut dx) = (Vec::new(), vec![0.0; x.len()]);
    for plane in 0..planes {
        let from = plane * extent.pixels();
        let maxima = reference(&x[from..][..extent.pixels()], extent.size, window);
        for (index, (value, place)) in maxima.into_iter().enumerate() {
            y.push(value);
            dx[from + place] += dy[plane * pixels + index];
        }
    }
    for (isa, shape) in forms(extent, channels) {
        let result = shape.with_size(window.output_size(extent.size));
        let what = format!("{window:?} {isa:?} {shape:?}");
        let x = store(shape, &x);
        let got = max_pool(isa, shape, x.as_slice(), window);
        assert_eq!(read(result, got.as_slice()), y, "{what}");
        let dy = store(result, &dy);
        let got = max_pool_backward(isa, shape, x.as_slice(), dy.as_slice(), window);
        assert_close(&read(shape, got.as_slice()), &dx, 1e-5, &what);
    }
}

#[test]
fn maxima_and_their_gradients() {
    for mut random in cases(80) {
        let extent = extent(&mut random);
        let window = window(&mut random, extent.size);
        check(&mut random, extent, window);
    }
}

/// Rows longer than the pieces they are cut into.
#[test]
fn long_rows() {
    for mut random in cases(1) {
        let extent = Extent {
            n: 1,
            size: [1, 3, 2500],
        };
        let overlapping = Window {
            kernel: [1, 3, 3],
            stride: [1, 2, 2],
            padding: [0, 1, 1],
        };
        check(&mut random, extent, Window::tiles([1, 2, 2]));
        check(&mut random, extent, overlapping);
    }
}

#[test]
fn nan_wins_wherever_it_is() {
    let extent = Extent {
        n: 1,
        size: [1, 2, 2],
    };
    for place in 0..4 {
        let mut x = vec![1.0, f64::INFINITY, -5.0, 2.0];
        x[place] = f64::NAN;
        let mut expected = vec![0.0; 4];
        expected[place] = 3.0;
        for (isa, shape) in forms(extent, 1) {
            let x = store(shape, &x);
            let window = Window::tiles([1, 2, 2]);
            let got = max_pool(isa, shape, x.as_slice(), window);
            assert!(got.as_slice()[0].is_nan());
            let dy = store(shape.with_size([1; 3]), &[3.0]);
            let got = max_pool_backward(isa, shape, x.as_slice(), dy.as_slice(), window);
            assert_eq!(read(shape, got.as_slice()), expected);
        }
    }
}
