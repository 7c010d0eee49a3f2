//! Steps of Adam against double precision.

use coverslip_kernels::{AdamStep, Isa, adam};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const STEP: AdamStep = AdamStep {
    keep: [0.9, 0.999],
    take: [0.1, 0.001],
    pull: 0.02,
    shrink: 0.99,
    rate: 0.01,
    epsilon: 1e-8,
};

/// A weight, its gradient and both moments; the second is that of squares.
fn arrays(len: usize) -> [Vec<f32>; 4] {
    let mut random = ChaCha8Rng::seed_from_u64(len as u64);
    let mut values = || -> Vec<f32> { (0..len).map(|_| random.random_range(-1.0..1.0)).collect() };
    let [weight, gradient, first] = [values(), values(), values()];
    let second = values().into_iter().map(|value| value * value).collect();
    [weight, gradient, first, second]
}

/// The new weight and moments.
fn step(isa: Isa, len: usize) -> [Vec<f32>; 3] {
    let [weight, mut gradient, mut first, mut second] = arrays(len);
    adam(isa, STEP, &weight, &mut gradient, [&mut first, &mut second]);
    [gradient, first, second]
}

fn available() -> impl Iterator<Item = Isa> {
    Isa::ALL.iter().copied().filter(|isa| isa.is_available())
}

#[test]
fn a_step_is_that_of_double_precision() {
    for isa in available() {
        for len in [0, 1, 15, 16, 33, 16384, 40_001] {
            let [weight, gradient, first, second] = arrays(len);
            let found = step(isa, len);
            for index in 0..len {
                let [w, g, m, v] =
                    [&weight, &gradient, &first, &second].map(|array| f64::from(array[index]));
                let g = g + 0.02 * w;
                let m = 0.9 * m + 0.1 * g;
                let v = 0.999 * v + 0.001 * g * g;
                let w = 0.99 * w - 0.01 * m / (v.sqrt() + 1e-8);
                for (found, expected) in found.iter().zip([w, m, v]) {
                    let difference = (f64::from(found[index]) - expected).abs();
                    assert!(
                        difference < 3e-7 * expected.abs().max(1.0),
                        "{} {len} [{index}]: {} for {expected}",
                        isa.name(),
                        found[index]
                    );
                }
            }
        }
    }
}

#[test]
fn a_step_does_not_depend_on_threads_or_place() {
    for isa in available() {
        let expected = step(isa, 50_003);
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let found = pool.expect("a pool").install(|| step(isa, 50_003));
            assert_eq!(found, expected, "{} {threads}", isa.name());
        }
        // The last value alone, in a vector that is not whole.
        let [weight, mut gradient, mut first, mut second] =
            arrays(50_003).map(|a| a[16_390..][..1].to_vec());
        adam(isa, STEP, &weight, &mut gradient, [&mut first, &mut second]);
        let alone = [gradient, first, second].map(|array| array[0]);
        assert_eq!(alone, expected.map(|array| array[16_390]), "{}", isa.name());
    }
}

#[test]
#[should_panic(expected = "lengths of a weight")]
fn lengths_must_agree() {
    let mut moments = [vec![0.0; 3], vec![0.0; 3]];
    let [first, second] = &mut moments;
    adam(Isa::best(), STEP, &[1.0; 4], &mut [1.0; 4], [first, second]);
}
