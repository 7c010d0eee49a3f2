//! Random maps, both layouts, and comparison.

use coverslip_kernels::maps::{Layout, MapShape};
use coverslip_kernels::{Buffer, Extent, Isa, from_blocked, to_blocked};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Random cases of a test: `count` in a usual run. Where `COVERSLIP_KERNEL_CASES` asks for more or
/// fewer than the 200 of the test of convolutions, their number changes in proportion.
pub(crate) fn cases(count: usize) -> impl Iterator<Item = ChaCha8Rng> {
    let wanted = std::env::var("COVERSLIP_KERNEL_CASES").ok();
    let wanted: usize = wanted.map_or(200, |count| count.parse().expect("a number of cases"));
    let count = (count * wanted).div_ceil(200) as u64;
    (0..count).map(ChaCha8Rng::seed_from_u64)
}

pub(crate) fn pick<T: Copy>(random: &mut impl Rng, choices: &[T]) -> T {
    choices[random.random_range(0..choices.len())]
}

/// A random extent, 2D or 3D.
pub(crate) fn extent(random: &mut impl Rng) -> Extent {
    let mut side = || pick(random, &[1, 2, 3, 5, 8, 13, 17]);
    let (z, y, x) = (side().min(5), side(), side());
    let z = if random.random() { 1 } else { z };
    Extent {
        n: random.random_range(1..=3),
        size: [z, y, x],
    }
}

pub(crate) fn channels(random: &mut impl Rng) -> usize {
    pick(random, &[1, 3, 15, 16, 17, 33, 48])
}

/// Values between -2 and 2, as exact `f32`.
pub(crate) fn values(random: &mut impl Rng, count: usize) -> Vec<f64> {
    let value = |_| f64::from(random.random_range(-2.0_f32..2.0));
    (0..count).map(value).collect()
}

pub(crate) fn isas() -> impl Iterator<Item = Isa> {
    Isa::ALL.iter().copied().filter(|isa| isa.is_available())
}

/// Both layouts on every instruction set.
pub(crate) fn forms(extent: Extent, channels: usize) -> Vec<(Isa, MapShape)> {
    let shapes = [
        MapShape::planar(extent, channels),
        MapShape::blocked(extent, channels),
    ];
    isas()
        .flat_map(|isa| shapes.map(|shape| (isa, shape)))
        .collect()
}

/// Planar values in the layout of `shape`.
pub(crate) fn store(shape: MapShape, planar: &[f64]) -> Buffer {
    let values = narrow(planar);
    match shape.layout {
        Layout::Blocked => to_blocked(&values, shape.channels, shape.extent),
        Layout::Planar => {
            let mut buffer = Buffer::zeros(values.len());
            buffer.as_mut_slice().copy_from_slice(&values);
            buffer
        }
    }
}

/// The values of a map in planar order; lanes without a channel must be zero.
pub(crate) fn read(shape: MapShape, values: &[f32]) -> Vec<f64> {
    let planar = match shape.layout {
        Layout::Planar => values.to_vec(),
        Layout::Blocked => {
            let planar = from_blocked(values, shape.channels, shape.extent);
            let back = to_blocked(&planar, shape.channels, shape.extent);
            let is_same = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
            assert!(
                values.iter().zip(back.as_slice()).all(is_same),
                "a lane without a channel is not zero in {shape:?}"
            );
            planar
        }
    };
    assert_eq!(
        planar.len(),
        shape.extent.n * shape.channels * shape.extent.pixels()
    );
    widen(&planar)
}

pub(crate) fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

pub(crate) fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// The root of the mean square.
pub(crate) fn rms(values: &[f64]) -> f64 {
    let square: f64 = values.iter().map(|value| value * value).sum();
    (square / values.len().max(1) as f64).sqrt()
}

/// Asserts that no value is off by more than `tolerance` times the root of the mean square.
pub(crate) fn assert_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_within(got, expected, tolerance * rms(expected).max(1e-3), what);
}

/// Asserts that no value is off by more than `limit`.
pub(crate) fn assert_within(got: &[f64], expected: &[f64], limit: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            (got - expected).abs() <= limit,
            "{what}: {got} instead of {expected} at {index}, limit {limit}"
        );
    }
}
