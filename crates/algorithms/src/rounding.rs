//! From `f64` back to a pixel type.

use crate::sample::Sample;

/// A pixel type that results of arithmetic in `f64` are stored in.
pub trait Round: Sample {
    /// Whether the type has fractions, so that storing an intermediate result loses little.
    const IS_FLOAT: bool;

    /// The nearest value of the type. Integers round half to even and saturate, and NaN becomes 0.
    fn rounded(value: f64) -> Self;
}

macro_rules! integers {
    ($($kind:ty),*) => {$(
        impl Round for $kind {
            const IS_FLOAT: bool = false;
            fn rounded(value: f64) -> Self {
                value.round_ties_even() as Self
            }
        }
    )*};
}

integers!(u8, i8, u16, i16, u32, i32, u64, i64);

impl Round for f32 {
    const IS_FLOAT: bool = true;
    fn rounded(value: f64) -> Self {
        value as Self
    }
}

impl Round for f64 {
    const IS_FLOAT: bool = true;
    fn rounded(value: f64) -> Self {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_round_half_to_even_and_saturate() {
        assert_eq!([0.5, 1.5, 2.5, -0.5].map(i16::rounded), [0, 2, 2, 0]);
        assert_eq!(
            [-3.0, 255.4, 1e9, f64::NAN].map(u8::rounded),
            [0, 255, 255, 0]
        );
    }
}
