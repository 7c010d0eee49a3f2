//! Tensors that cases describe by a recipe instead of storing them (`splitmix64-v1`).

use burn::tensor::TensorData;
use serde_json::Value;

/// The tensor of an entry `{name, shape, lo, hi}`.
pub fn tensor(entry: &Value, seed: u64) -> Result<(String, TensorData), String> {
    let missing = |key: &str| format!("a recipe without `{key}`");
    let name = entry["name"].as_str().ok_or_else(|| missing("name"))?;
    let bound = |key: &str| entry[key].as_f64().ok_or_else(|| missing(key));
    let (low, high) = (bound("lo")?, bound("hi")?);
    let shape: Vec<usize> =
        serde_json::from_value(entry["shape"].clone()).map_err(|_| missing("shape"))?;
    let state = fnv1a64(name) ^ seed;
    let values: Vec<f32> = (0..shape.iter().product::<usize>() as u64)
        .map(|index| {
            let unit = (mixed(state, index) >> 40) as f64 / (1u64 << 24) as f64;
            (low + (high - low) * unit) as f32
        })
        .collect();
    Ok((name.to_owned(), TensorData::new(values, shape)))
}

fn mixed(state: u64, index: u64) -> u64 {
    let z = state.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn fnv1a64(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
