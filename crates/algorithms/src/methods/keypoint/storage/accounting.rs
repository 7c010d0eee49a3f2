//! What key points cost to store.

use ndarray::ArrayView2;
use serde::Serialize;

use super::context::encode_context;
use super::gaps::{best_rice_parameter, gaps, rice_bits, varints};

/// Sizes of the same key points in several codes, and bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StorageCost {
    /// Number of pixels, and of bytes of the 8-bit image.
    pub pixels: usize,
    /// Number of key points.
    pub points: usize,
    /// The paper's sum in bytes: one for each coordinate and two for the size. Too low for images
    /// wider or higher than 256 pixels.
    pub paper_bytes: usize,
    /// Bytes of coordinates of whole bytes, and four for the size.
    pub coordinate_bytes: usize,
    /// Bits of coordinates of as few bits as they need.
    pub coordinate_bits: usize,
    /// Bytes of one bit a pixel.
    pub bitmap_bytes: usize,
    /// Bytes of [`varints`].
    pub varint_bytes: usize,
    /// The best parameter of the Rice code.
    pub rice_parameter: u32,
    /// Its bits.
    pub rice_bits: u64,
    /// Bytes of [`encode_context`].
    pub context_bytes: usize,
    /// Bits that any set of as many points needs if nothing else is known: `log2 C(n, m)`.
    pub set_bits: f64,
    /// Bits by the entropy of a pixel.
    pub entropy_bits: f64,
}

/// What the key points of an image `[Y, X]` cost.
pub fn storage_cost(keypoints: &ArrayView2<'_, bool>) -> StorageCost {
    let (height, width) = keypoints.dim();
    let gaps = gaps(keypoints);
    let (pixels, points) = (keypoints.len(), gaps.len());
    let rice_parameter = best_rice_parameter(&gaps);
    let sides = [height, width];
    let bytes_of = |length: usize| (bits_of(length).div_ceil(8)).max(1);
    StorageCost {
        pixels,
        points,
        paper_bytes: 2 * points + 2,
        coordinate_bytes: points * sides.map(bytes_of).iter().sum::<usize>() + 4,
        coordinate_bits: points * sides.map(bits_of).iter().sum::<usize>(),
        bitmap_bytes: pixels.div_ceil(8),
        varint_bytes: varints(&gaps).len(),
        rice_parameter,
        rice_bits: rice_bits(&gaps, rice_parameter),
        context_bytes: encode_context(keypoints).len(),
        set_bits: log2_binomial(pixels, points),
        entropy_bits: pixels as f64 * entropy(points as f64 / pixels.max(1) as f64),
    }
}

/// Bits of a number below `length`.
fn bits_of(length: usize) -> usize {
    (usize::BITS - length.saturating_sub(1).leading_zeros()) as usize
}

fn log2_binomial(n: usize, m: usize) -> f64 {
    let ln_factorial = |count: usize| libm::lgamma(count as f64 + 1.0);
    if m == 0 || m == n {
        return 0.0;
    }
    (ln_factorial(n) - ln_factorial(m) - ln_factorial(n - m)) / std::f64::consts::LN_2
}

fn entropy(p: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    part(p) + part(1.0 - p)
}
