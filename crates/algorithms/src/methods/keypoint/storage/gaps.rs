//! Key points as the numbers of zeros between them.

use ndarray::ArrayView2;

use super::KeypointError;
use super::bits::{BitReader, BitWriter};

/// Zeros before each key point in raster order, since the one before.
pub fn gaps(keypoints: &ArrayView2<'_, bool>) -> Vec<u64> {
    let mut zeros = 0;
    let mut found = Vec::new();
    for &is_point in keypoints {
        if is_point {
            found.push(zeros);
            zeros = 0;
        } else {
            zeros += 1;
        }
    }
    found
}

/// The gaps as LEB128: seven bits a byte, the lowest first, the highest bit set but in the last.
pub fn varints(gaps: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(gaps.len());
    for &gap in gaps {
        push_varint(&mut bytes, gap);
    }
    bytes
}

pub(super) fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Bits of the Rice code of `gaps` with parameter `k`.
pub fn rice_bits(gaps: &[u64], k: u32) -> u64 {
    gaps.iter().map(|gap| (gap >> k) + 1 + u64::from(k)).sum()
}

/// The parameter, 0 to 63, whose Rice code is shortest; the smallest of equal ones.
pub fn best_rice_parameter(gaps: &[u64]) -> u32 {
    (0..64).min_by_key(|&k| rice_bits(gaps, k)).unwrap_or(0)
}

/// The Rice code with parameter `k`, below 64: `gap >> k` ones, a zero, and the lowest `k` bits,
/// highest first; filled with zeros to whole bytes.
pub fn rice(gaps: &[u64], k: u32) -> Vec<u8> {
    let mut bits = BitWriter::default();
    for &gap in gaps {
        for _ in 0..gap >> k {
            bits.push(true);
        }
        bits.push(false);
        bits.push_bits(gap, k);
    }
    bits.finish()
}

/// Indices of `points` key points of at most `pixels`, from their Rice code.
pub(super) fn unrice(
    bytes: &[u8],
    k: u32,
    points: usize,
    pixels: usize,
) -> Result<Vec<usize>, KeypointError> {
    let truncated = KeypointError::Truncated { part: "points" };
    let mut bits = BitReader::new(bytes);
    let mut indices = Vec::with_capacity(points.min(bytes.len() * 8));
    let mut next = 0_u64;
    for _ in 0..points {
        let mut quotient = 0_u64;
        while bits.pull().ok_or(truncated.clone())? {
            quotient += 1;
        }
        let rest = bits.pull_bits(k).ok_or(truncated.clone())?;
        let gap = quotient
            .checked_shl(k)
            .filter(|high| high >> k == quotient)
            .map(|high| high | rest);
        let index = gap.and_then(|gap| gap.checked_add(next));
        let index = index
            .filter(|&index| index < pixels as u64)
            .ok_or_else(|| {
                KeypointError::field("a gap", "beyond the last pixel", "inside the image")
            })?;
        indices.push(index as usize);
        next = index + 1;
    }
    Ok(indices)
}
