//! The distributions that initial weights are drawn from.

use burn::tensor::{Device, Tensor, TensorData};
use coverslip_ops::has_shapes_only;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// The distribution that the initial values of a parameter are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// All the same.
    Constant(f32),
    /// Between minus and plus `bound`, evenly.
    Uniform {
        /// The largest magnitude.
        bound: f32,
    },
    /// Normal.
    Normal {
        /// The mean.
        mean: f32,
        /// The standard deviation.
        deviation: f32,
    },
    /// Normal with mean 0; values beyond two deviations are drawn again.
    TruncatedNormal {
        /// The standard deviation before values are left out.
        deviation: f32,
    },
}

impl Distribution {
    /// A tensor of such values, those of [`Self::values`]; of none where tensors have shapes only
    /// ([`has_shapes_only`]).
    pub fn tensor<const D: usize>(
        self,
        shape: [usize; D],
        seed: u64,
        name: &str,
        device: &Device,
    ) -> Tensor<D> {
        if has_shapes_only(device) {
            return Tensor::zeros(shape, device);
        }
        let values = self.values(shape.iter().product(), seed, name);
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// `count` values. Which ones depends on the seed and the name of the parameter alone, so that
    /// adding a layer does not change the others.
    pub fn values(self, count: usize, seed: u64, name: &str) -> Vec<f32> {
        let mut random = stream(seed, name);
        let mut draw = || self.value(&mut random);
        (0..count).map(|_| draw()).collect()
    }

    fn value(self, random: &mut impl Rng) -> f32 {
        match self {
            Self::Constant(value) => value,
            Self::Uniform { bound } => bound * (2.0 * random.random::<f32>() - 1.0),
            Self::Normal { mean, deviation } => mean + deviation * normal(random),
            Self::TruncatedNormal { deviation } => loop {
                let value = normal(random);
                if value.abs() <= 2.0 {
                    return deviation * value;
                }
            },
        }
    }
}

fn normal(random: &mut impl Rng) -> f32 {
    StandardNormal.sample(random)
}

/// The stream of random numbers of one parameter.
fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&fingerprint(name).to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// A number for a name (FNV-1a).
fn fingerprint(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_depend_on_seed_and_name() {
        let draw = Distribution::Uniform { bound: 1.0 };
        let values = draw.values(4, 0, "a");
        assert_eq!(values, draw.values(4, 0, "a"));
        assert_ne!(values, draw.values(4, 0, "b"));
        assert_ne!(values, draw.values(4, 1, "a"));
    }

    #[test]
    fn distributions_have_their_moments() {
        let moments = |draw: Distribution| {
            let values = draw.values(100_000, 0, "weight");
            let mean = values.iter().sum::<f32>() / 1e5;
            let square = values.iter().map(|value| value * value).sum::<f32>() / 1e5;
            (mean, (square - mean * mean).sqrt())
        };
        let near = |found: (f32, f32), expected: (f32, f32)| {
            assert!((found.0 - expected.0).abs() < 0.01, "{found:?}");
            assert!((found.1 - expected.1).abs() < 0.01, "{found:?}");
        };
        let normal = Distribution::Normal {
            mean: 1.0,
            deviation: 0.5,
        };
        near(moments(normal), (1.0, 0.5));
        near(
            moments(Distribution::Uniform { bound: 1.0 }),
            (0.0, 1.0 / 3f32.sqrt()),
        );
        // A normal distribution cut at two deviations has .8796 of its deviation left.
        near(
            moments(Distribution::TruncatedNormal { deviation: 1.0 }),
            (0.0, 0.8796),
        );
        near(moments(Distribution::Constant(3.0)), (3.0, 0.0));
    }
}
