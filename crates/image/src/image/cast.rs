//! Samples of one type made into another.

use ndarray::ArrayD;

use super::{PixelType, Pixels, match_pixels};
use crate::dtype::DType;

impl Pixels {
    /// The samples in another type, and how many of them it cannot hold.
    ///
    /// Values stay what they are: fractions are rounded half to even for integer types, and what
    /// the new type cannot hold becomes its nearest value (NaN becomes 0).
    pub fn cast(&self, dtype: DType) -> (Pixels, u64) {
        match dtype {
            DType::UInt8 => self.cast_to::<u8>(),
            DType::Int8 => self.cast_to::<i8>(),
            DType::UInt16 => self.cast_to::<u16>(),
            DType::Int16 => self.cast_to::<i16>(),
            DType::UInt32 => self.cast_to::<u32>(),
            DType::Int32 => self.cast_to::<i32>(),
            DType::UInt64 => self.cast_to::<u64>(),
            DType::Int64 => self.cast_to::<i64>(),
            DType::Float32 => self.cast_to::<f32>(),
            DType::Float64 => self.cast_to::<f64>(),
        }
    }

    fn cast_to<T: Cast>(&self) -> (Pixels, u64) {
        fn all<S: Cast, T: Cast>(array: &ArrayD<S>) -> (Pixels, u64) {
            let mut clipped = 0;
            let cast = array.mapv(|value| {
                let (cast, fits) = value.number().map_or_else(
                    || T::from_float(value.to_f64()),
                    |number| T::from_number(number),
                );
                clipped += u64::from(!fits);
                cast
            });
            (T::into_pixels(cast), clipped)
        }
        if self.dtype() == T::DTYPE {
            return (self.clone(), 0);
        }
        match_pixels!(self, array => all::<_, T>(array))
    }
}

/// A sample type that others can be made into; each result comes with whether it could be held.
trait Cast: PixelType {
    /// The value of an integer type; `None` for floats.
    fn number(self) -> Option<i128>;
    fn from_number(number: i128) -> (Self, bool);
    fn from_float(value: f64) -> (Self, bool);
}

macro_rules! integers {
    ($($sample:ty)*) => {$(
        #[allow(clippy::cast_lossless, reason = "one text for types with and without rounding")]
        impl Cast for $sample {
            fn number(self) -> Option<i128> {
                Some(i128::from(self))
            }

            fn from_number(number: i128) -> (Self, bool) {
                let held = number.clamp(<$sample>::MIN.into(), <$sample>::MAX.into());
                (held as $sample, held == number)
            }

            fn from_float(value: f64) -> (Self, bool) {
                let rounded = value.round_ties_even();
                // `as` holds floats at the ends of the type and makes NaN 0.
                let cast = rounded as $sample;
                // The largest value of 64 bits is rounded up to what the type cannot hold.
                let fits = rounded >= <$sample>::MIN as f64
                    && (rounded <= <$sample>::MAX as f64 && rounded < 1.8446744073709552e19);
                (cast, fits)
            }
        }
    )*};
}
integers!(u8 i8 u16 i16 u32 i32 u64 i64);

impl Cast for f32 {
    fn number(self) -> Option<i128> {
        None
    }

    fn from_number(number: i128) -> (f32, bool) {
        (number as f32, true)
    }

    fn from_float(value: f64) -> (f32, bool) {
        let cast = value as f32;
        if cast.is_infinite() && value.is_finite() {
            return (f32::MAX.copysign(cast), false);
        }
        (cast, true)
    }
}

impl Cast for f64 {
    fn number(self) -> Option<i128> {
        None
    }

    fn from_number(number: i128) -> (f64, bool) {
        (number as f64, true)
    }

    fn from_float(value: f64) -> (f64, bool) {
        (value, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr1;

    #[test]
    fn integers_are_held_at_the_ends_and_counted() {
        let wide = Pixels::from(arr1(&[-3i32, 0, 255, 256]));
        let (cast, clipped) = wide.cast(DType::UInt8);
        assert_eq!((cast, clipped), (arr1(&[0u8, 0, 255, 255]).into(), 2));
        let large = Pixels::from(arr1(&[u64::MAX, 1 << 60]));
        let (cast, clipped) = large.cast(DType::Int64);
        assert_eq!((cast, clipped), (arr1(&[i64::MAX, 1 << 60]).into(), 1));
    }

    #[test]
    fn fractions_are_rounded_half_to_even() {
        let values = Pixels::from(arr1(&[0.5, 1.5, -0.4, 255.4, 255.6, f64::NAN]));
        let (cast, clipped) = values.cast(DType::UInt8);
        assert_eq!(cast, arr1(&[0u8, 2, 0, 255, 255, 0]).into());
        // The value beyond the type, and the one that is no number.
        assert_eq!(clipped, 2);
    }

    #[test]
    fn doubles_beyond_single_precision_stay_finite() {
        let (cast, clipped) = Pixels::from(arr1(&[1e300, f64::INFINITY])).cast(DType::Float32);
        assert_eq!(
            (cast, clipped),
            (arr1(&[f32::MAX, f32::INFINITY]).into(), 1)
        );
    }
}
