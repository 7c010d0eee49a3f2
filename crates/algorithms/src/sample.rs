//! What a pixel value can be.

/// A pixel value that statistics and metrics promote to `f64` before any arithmetic, so that
/// unsigned differences never wrap.
pub trait Sample: Copy + Send + Sync + PartialEq + 'static {
    /// The value as `f64`; exact except for 64-bit integers beyond 2^53.
    fn to_f64(self) -> f64;
    /// The largest value of an integer type; `None` for floats.
    const INTEGER_MAX: Option<f64>;
    /// The lowest value of the type.
    const LEAST: f64;
    /// How many integers of the type are below the value; 0 for floats.
    fn rank(self) -> usize;
}

macro_rules! sample {
    ($($kind:ty: $max:expr, $rank:expr;)*) => {$(
        #[allow(clippy::cast_lossless, reason = "64-bit integers have no lossless form")]
        impl Sample for $kind {
            fn to_f64(self) -> f64 {
                self as f64
            }
            const INTEGER_MAX: Option<f64> = $max;
            const LEAST: f64 = <$kind>::MIN as f64;
            fn rank(self) -> usize {
                $rank(self)
            }
        }
    )*};
}

macro_rules! integer_sample {
    ($($kind:ty),*) => {$(sample! {
        $kind: Some(<$kind>::MAX as f64), |value| (value as i64).wrapping_sub(<$kind>::MIN as i64) as usize;
    })*};
}

integer_sample!(u8, i8, u16, i16, u32, i32, u64, i64);
sample! { f32: None, |_| 0; f64: None, |_| 0; }
