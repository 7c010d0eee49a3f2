//! Between feature maps and tokens: a token is a pixel with its channels side by side.

use burn::tensor::Tensor;
use coverslip_ops::FeatureMap;

/// `[N, C, Z, Y, X]` as tokens `[N, Z * Y * X, C]`.
pub(crate) fn map_to_tokens(map: FeatureMap) -> Tensor<3> {
    let [n, c, z, y, x] = map.dims();
    let pixels = map.into_tensor().permute([0, 2, 3, 4, 1]);
    pixels.reshape([n, z * y * x, c])
}

/// Tokens `[N, Z * Y * X, C]` as a map `[N, C, Z, Y, X]`.
pub(crate) fn tokens_to_map(tokens: Tensor<3>, [z, y, x]: [usize; 3]) -> FeatureMap {
    let [n, _, c] = tokens.dims();
    let pixels = tokens.reshape([n, z, y, x, c]);
    FeatureMap::from_tensor(pixels.permute([0, 4, 1, 2, 3]))
}

/// Applies an operation on each value, or one on whole images, to tokens.
///
/// They are shown to it as a map of one channel, `[N, 1, 1, T, C]`, which is the same memory.
pub(crate) fn as_plane(
    tokens: Tensor<3>,
    operation: impl FnOnce(FeatureMap) -> FeatureMap,
) -> Tensor<3> {
    let [n, t, c] = tokens.dims();
    let plane = FeatureMap::from_tensor(tokens.reshape([n, 1, 1, t, c]));
    operation(plane).into_tensor().reshape([n, t, c])
}
