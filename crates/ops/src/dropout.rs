//! Dropout of values or of whole channels.

use burn::tensor::{Tensor, TensorData};

use crate::{FeatureMap, multiply};

/// The unit that [`dropout`] keeps or drops as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropout {
    /// Each value.
    Values,
    /// Each channel of each image.
    Channels,
}

/// Sets a share `rate` of what `kind` says to zero and divides the rest by `1 - rate`.
///
/// Which ones depends on the seed and the sizes of the map, on nothing else.
///
/// # Panics
///
/// When the rate is not in `0 .. 1`.
pub fn dropout(input: FeatureMap, rate: f64, kind: Dropout, seed: u64) -> FeatureMap {
    assert!((0.0..1.0).contains(&rate), "a dropout rate of {rate}");
    if rate == 0.0 {
        return input;
    }
    let [n, c, z, y, x] = input.dims();
    let sizes = match kind {
        Dropout::Values => [n, c, z, y, x],
        Dropout::Channels => [n, c, 1, 1, 1],
    };
    let mask = TensorData::new(mask(sizes.iter().product(), rate, seed), sizes);
    let mask = Tensor::from_data(mask, (&input.device(), input.dtype()));
    multiply(input, FeatureMap::from_tensor(mask))
}

/// `1 / (1 - rate)` or zero, by chance.
fn mask(count: usize, rate: f64, seed: u64) -> Vec<f32> {
    let kept = (1.0 / (1.0 - rate)) as f32;
    let threshold = (rate * 2f64.powi(64)) as u64;
    let first = mixed(seed);
    (0..count as u64)
        .map(|index| {
            let chance = mixed(first.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            if chance < threshold { 0.0 } else { kept }
        })
        .collect()
}

/// A number that looks random for each number (`SplitMix64`).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
