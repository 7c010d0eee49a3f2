//! Samples as bytes in files.

use bytemuck::Pod;
use ndarray::ArrayD;

use crate::image::{PixelType, Pixels};

/// A sample type of images, with what files do to its bits.
pub(super) trait Sample: PixelType + Pod {
    /// The sample with its bytes in the reverse order.
    fn swapped(self) -> Self;

    /// The sum of the bits as whole numbers, without the carry.
    fn plus(self, other: Self) -> Self;

    /// The difference of the bits as whole numbers, without the borrow.
    fn minus(self, other: Self) -> Self;

    /// The sample of this many low bits, which have a sign if the type has one.
    fn from_bits(value: u64, bits: u32) -> Self;

    /// Its bits, the low ones of the result.
    fn bits(self) -> u64;

    /// The sample of a half-precision number.
    fn from_half(half: half::f16) -> Self;

    /// The array, if it is of this type.
    fn of(pixels: &Pixels) -> Option<&ArrayD<Self>>;
}

macro_rules! whole {
    ($($sample:ty, $variant:ident, $wide:ty;)*) => {$(
        impl Sample for $sample {
            fn swapped(self) -> Self {
                self.swap_bytes()
            }

            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            fn from_bits(value: u64, bits: u32) -> Self {
                ((value << (64 - bits)) as $wide >> (64 - bits)) as $sample
            }

            #[allow(clippy::cast_lossless, reason = "signed types have no lossless form")]
            fn bits(self) -> u64 {
                self as u64
            }

            fn from_half(half: half::f16) -> Self {
                half.to_f32() as $sample
            }

            fn of(pixels: &Pixels) -> Option<&ArrayD<Self>> {
                match pixels {
                    Pixels::$variant(array) => Some(array),
                    _ => None,
                }
            }
        }
    )*};
}

macro_rules! float {
    ($($sample:ty, $variant:ident, $whole:ty;)*) => {$(
        impl Sample for $sample {
            fn swapped(self) -> Self {
                <$sample>::from_bits(self.to_bits().swap_bytes())
            }

            fn plus(self, other: Self) -> Self {
                <$sample>::from_bits(self.to_bits().wrapping_add(other.to_bits()))
            }

            fn minus(self, other: Self) -> Self {
                <$sample>::from_bits(self.to_bits().wrapping_sub(other.to_bits()))
            }

            fn from_bits(value: u64, _bits: u32) -> Self {
                <$sample>::from_bits(value as $whole)
            }

            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }

            fn from_half(half: half::f16) -> Self {
                <$sample>::from(half.to_f32())
            }

            fn of(pixels: &Pixels) -> Option<&ArrayD<Self>> {
                match pixels {
                    Pixels::$variant(array) => Some(array),
                    _ => None,
                }
            }
        }
    )*};
}

whole! {
    u8, U8, u64;
    i8, I8, i64;
    u16, U16, u64;
    i16, I16, i64;
    u32, U32, u64;
    i32, I32, i64;
    u64, U64, u64;
    i64, I64, i64;
}

float! {
    f32, F32, u32;
    f64, F64, u64;
}

/// One sample of each group of `bits` bits, most significant bits first; each row begins with a
/// full byte.
pub(super) fn unpack_bits<T: Sample>(packed: &[u8], bits: usize, row: usize, out: &mut [T]) {
    let row_bytes = (row * bits).div_ceil(8);
    let rows = packed
        .chunks_exact(row_bytes)
        .zip(out.chunks_exact_mut(row));
    for (packed, out) in rows {
        let mut bytes = packed.iter();
        let (mut held, mut held_bits) = (0u128, 0);
        for sample in out {
            while held_bits < bits {
                held = (held << 8) | u128::from(bytes.next().copied().unwrap_or_default());
                held_bits += 8;
            }
            held_bits -= bits;
            *sample = T::from_bits((held >> held_bits) as u64, bits as u32);
            held &= (1 << held_bits) - 1;
        }
    }
}

/// Samples of whole bytes of a number that no type has, such as 24 bits.
pub(super) fn unpack_bytes<T: Sample>(
    packed: &[u8],
    bytes: usize,
    is_big_endian: bool,
    out: &mut [T],
) {
    for (packed, sample) in packed.chunks_exact(bytes).zip(out) {
        let add = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        let value = if is_big_endian {
            packed.iter().fold(0, add)
        } else {
            packed.iter().rev().fold(0, add)
        };
        *sample = T::from_bits(value, 8 * bytes as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_any_width_are_unpacked() {
        let unpack = |packed: &[u8], bits, row, count| {
            let mut out = vec![0u16; count];
            unpack_bits(packed, bits, row, &mut out);
            out
        };
        assert_eq!(
            unpack(&[0b1010_0000, 0b0100_0000], 1, 3, 6),
            [1, 0, 1, 0, 1, 0]
        );
        assert_eq!(unpack(&[0b0001_1011], 2, 4, 4), [0, 1, 2, 3]);
        assert_eq!(unpack(&[0b1111_1100, 0b0010_0000], 6, 2, 2), [63, 2]);
        assert_eq!(unpack(&[0xab, 0xcd, 0xef], 12, 2, 2), [0xabc, 0xdef]);
    }

    #[test]
    fn signs_are_extended() {
        let mut out = [0i16; 2];
        unpack_bits(&[0xff, 0xf7, 0xff], 12, 2, &mut out);
        assert_eq!(out, [-1, 2047]);
        let mut out = [0i32; 1];
        unpack_bytes(&[0xfe, 0xff, 0xff], 3, false, &mut out);
        assert_eq!(out, [-2]);
    }
}
