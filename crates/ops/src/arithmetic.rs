//! Sums and products of two feature maps.

use crate::{
    FeatureMap,
    cpu::{Add, Multiply, MultiplyChannels, MultiplyPixels},
};

/// The sum of two maps of the same sizes, as residual connections form it.
///
/// # Panics
///
/// When the sizes differ.
pub fn add(first: FeatureMap, second: FeatureMap) -> FeatureMap {
    assert_eq!(first.dims(), second.dims(), "sizes of the terms of a sum");
    if first.is_ours() && second.is_ours() {
        let second = second.into_kernel_part().tensor;
        return first.call_whole(vec![second], |shape| Add { shape });
    }
    FeatureMap::from_tensor(first.into_tensor() + second.into_tensor())
}

/// A map `[N, C, Z, Y, X]` times factors of the same sizes, for each pixel `[N, 1, Z, Y, X]` as
/// attention gates have them, or for each channel `[N, C, 1, 1, 1]` as squeeze and excitation has
/// them.
///
/// # Panics
///
/// When the factors have other sizes.
pub fn multiply(map: FeatureMap, factors: FeatureMap) -> FeatureMap {
    let sizes = map.dims();
    let [n, c, z, y, x] = sizes;
    let allowed = [sizes, [n, 1, z, y, x], [n, c, 1, 1, 1]];
    let kind = allowed.iter().position(|sizes| *sizes == factors.dims());
    assert!(kind.is_some(), "a map {sizes:?} times {:?}", factors.dims());
    if !(map.is_ours() && factors.is_ours()) {
        return FeatureMap::from_tensor(map.into_tensor() * factors.into_tensor());
    }
    match kind {
        Some(0) => {
            let factors = factors.into_kernel_part().tensor;
            map.call_whole(vec![factors], |shape| Multiply { shape })
        }
        Some(1) => {
            let factors = factors.into_tensor().into_dispatch();
            map.call_whole(vec![factors], |shape| MultiplyPixels { shape })
        }
        _ => {
            let factors = factors.into_tensor().into_dispatch();
            map.call_whole(vec![factors], |shape| MultiplyChannels { shape })
        }
    }
}
