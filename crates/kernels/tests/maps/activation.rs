//! Activation functions and their derivatives, and sums of maps.

use coverslip_kernels::maps::{
    Activation, Combination, activate, activate_backward, combine, combine_into,
};
use rand::RngExt;

use crate::support::{assert_close, cases, channels, extent, forms, read, store, values};

pub(crate) const ALL: [Activation; 13] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.125 },
    Activation::Relu6,
    Activation::Elu {
        scale: 1.0,
        alpha: 0.75,
        rate: 1.0,
    },
    Activation::Elu {
        scale: 1.25,
        alpha: 1.5,
        rate: 0.5,
    },
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Silu,
    Activation::Mish,
    Activation::Hardswish,
    Activation::Tanh,
    Activation::Sigmoid,
];

pub(crate) fn reference(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Relu => x.max(0.0),
        Activation::LeakyRelu { slope } if x < 0.0 => f64::from(slope) * x,
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Elu { alpha, rate, .. } if x < 0.0 => {
            f64::from(alpha) * (f64::from(rate) * x).exp_m1()
        }
        Activation::Elu { scale, .. } => f64::from(scale) * x,
        Activation::Identity | Activation::LeakyRelu { .. } => x,
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + inner.tanh())
        }
        Activation::Mish => x * x.exp().ln_1p().tanh(),
        Activation::Hardswish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Gelu => 0.5 * x * libm::erfc(-x / std::f64::consts::SQRT_2),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
    }
}

/// The derivative: at the side of the kink where there is one, otherwise by central differences,
/// exact to 1e-9.
pub(crate) fn slope(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Relu => f64::from(x > 0.0),
        Activation::LeakyRelu { slope } if x <= 0.0 => f64::from(slope),
        Activation::Relu6 => f64::from(x > 0.0 && x < 6.0),
        Activation::Elu { alpha, rate, .. } if x <= 0.0 => {
            let [alpha, rate] = [alpha, rate].map(f64::from);
            alpha * rate * (rate * x).exp()
        }
        Activation::Elu { scale, .. } => f64::from(scale),
        Activation::LeakyRelu { .. } => 1.0,
        Activation::Hardswish if x <= -3.0 => 0.0,
        Activation::Hardswish if x >= 3.0 => 1.0,
        Activation::Hardswish => (2.0 * x + 3.0) / 6.0,
        _ => {
            let step = 1e-5;
            (reference(activation, x + step) - reference(activation, x - step)) / (2.0 * step)
        }
    }
}

#[test]
fn activations_and_their_gradients() {
    for mut random in cases(20) {
        let (extent, channels) = (extent(&mut random), channels(&mut random));
        let count = extent.n * channels * extent.pixels();
        let spread = random.random_range(0.5..8.0_f64);
        let x = values(&mut random, count).into_iter();
        let x: Vec<f64> = x.map(|x| f64::from((x * spread) as f32)).collect();
        let gradient = values(&mut random, count);
        for activation in ALL {
            let y: Vec<f64> = x.iter().map(|&x| reference(activation, x)).collect();
            let dx: Vec<f64> = x
                .iter()
                .zip(&gradient)
                .map(|(&x, dy)| dy * slope(activation, x))
                .collect();
            for (isa, shape) in forms(extent, channels) {
                let what = format!("{activation:?} {isa:?} {shape:?}");
                let stored = store(shape, &x);
                let got = activate(isa, shape, stored.as_slice(), activation);
                assert_close(&read(shape, got.as_slice()), &y, 1e-6, &what);
                let mut got = store(shape, &gradient);
                activate_backward(
                    isa,
                    shape,
                    stored.as_slice(),
                    got.as_mut_slice(),
                    activation,
                );
                assert_close(&read(shape, got.as_slice()), &dx, 2e-6, &what);
            }
        }
    }
}

/// The functions keep their relative precision, also where they are small.
#[test]
fn gelu_and_its_slope_against_the_error_function() {
    let x: Vec<f64> = (-6000..=6000)
        .map(|step| f64::from(step) / 1024.0)
        .collect();
    let extent = coverslip_kernels::Extent {
        n: 1,
        size: [1, 1, x.len()],
    };
    for (isa, shape) in forms(extent, 1) {
        let got = activate(isa, shape, store(shape, &x).as_slice(), Activation::Gelu);
        for (&x, got) in x.iter().zip(read(shape, got.as_slice())) {
            let expected = reference(Activation::Gelu, x);
            assert!(
                (got - expected).abs() <= 6e-7 * expected.abs(),
                "{got} not {expected} at {x}"
            );
        }
    }
}

#[test]
fn nan_passes_through() {
    let extent = coverslip_kernels::Extent {
        n: 1,
        size: [1, 1, 3],
    };
    let x = [f64::NAN, -1.0, 2.0];
    for activation in ALL {
        for (isa, shape) in forms(extent, 1) {
            let got = activate(isa, shape, store(shape, &x).as_slice(), activation);
            let got = read(shape, got.as_slice());
            assert!(
                got[0].is_nan() && !got[1].is_nan(),
                "{activation:?} {isa:?}"
            );
        }
    }
}

#[test]
fn two_maps() {
    for mut random in cases(20) {
        let (extent, channels) = (extent(&mut random), channels(&mut random));
        let count = extent.n * channels * extent.pixels();
        let (a, b) = (values(&mut random, count), values(&mut random, count));
        let factor = random.random_range(-2.0_f32..2.0);
        for (isa, shape) in forms(extent, channels) {
            let (stored, other) = (store(shape, &a), store(shape, &b));
            for combination in [
                Combination::Add,
                Combination::Multiply,
                Combination::AddScaled(factor),
            ] {
                let pairs = a.iter().zip(&b);
                let expected = pairs.map(|(a, b)| match combination {
                    Combination::Add => a + b,
                    Combination::Multiply => a * b,
                    Combination::AddScaled(factor) => a + f64::from(factor) * b,
                });
                let expected: Vec<f64> = expected.collect();
                let what = format!("{combination:?} {isa:?} {shape:?}");
                let got = combine(isa, combination, stored.as_slice(), other.as_slice());
                assert_close(&read(shape, got.as_slice()), &expected, 1e-6, &what);
                let mut in_place = stored.clone();
                combine_into(isa, combination, in_place.as_mut_slice(), other.as_slice());
                assert_eq!(in_place.as_slice(), got.as_slice(), "{what}");
            }
        }
    }
}
