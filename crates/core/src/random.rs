//! tmp
/// tmp
pub fn stream(_: u64, _: &str, _: u64) -> rand_chacha::ChaCha8Rng { use rand::SeedableRng; rand_chacha::ChaCha8Rng::seed_from_u64(0) }
