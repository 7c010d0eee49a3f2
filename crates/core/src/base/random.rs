//! Random numbers that depend on a seed and on what they are for, never on what was drawn before.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// The stream of random numbers number `index` of the purpose `name`.
///
/// Its 32-byte seed is the SHA-256 hash of `seed` and `index` as little-endian 64-bit numbers,
/// followed by the name. Streams of different seeds, purposes or indices are independent, so work
/// can be resumed or shared between threads anywhere and gives the same result.
pub fn stream(seed: u64, name: &str, index: u64) -> ChaCha8Rng {
    let hash = Sha256::new()
        .chain_update(seed.to_le_bytes())
        .chain_update(index.to_le_bytes())
        .chain_update(name.as_bytes())
        .finalize();
    ChaCha8Rng::from_seed(hash.into())
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    fn first(seed: u64, name: &str, index: u64) -> u64 {
        stream(seed, name, index).random()
    }

    #[test]
    fn the_same_purpose_gives_the_same_numbers() {
        assert_eq!(first(3, "patch", 7), first(3, "patch", 7));
    }

    #[test]
    fn seed_purpose_and_index_each_matter() {
        let reference = first(3, "patch", 7);
        assert_ne!(reference, first(4, "patch", 7));
        assert_ne!(reference, first(3, "order", 7));
        assert_ne!(reference, first(3, "patch", 8));
    }

    #[test]
    fn the_numbers_stay_the_same_in_later_versions() {
        assert_eq!(first(0, "weights", 0), 12_501_662_150_635_272_740);
    }
}
