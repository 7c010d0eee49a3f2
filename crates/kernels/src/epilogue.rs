//! What a convolution does to its output on the way to memory.

use crate::simd::Simd;

/// Additions to a convolution that cost no extra pass over the map.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// Added to each output channel, `[out_channels]`.
    pub bias: Option<&'a [f32]>,
    /// Applied last.
    pub activation: FusedActivation,
}

/// An activation of a few instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FusedActivation {
    /// The identity.
    #[default]
    Identity,
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
    /// `x` where positive, the slope times `x` elsewhere.
    LeakyRelu(f32),
}

impl FusedActivation {
    /// # Safety
    ///
    /// The processor must have the instruction set.
    #[inline(always)]
    pub(crate) unsafe fn apply<S: Simd>(self, value: S::Vector) -> S::Vector {
        // SAFETY: as the caller promises.
        unsafe {
            match self {
                Self::Identity => value,
                Self::Relu => S::max(S::zero(), value),
                Self::LeakyRelu(slope) => {
                    S::where_positive(value, value, S::mul(S::splat(slope), value))
                }
            }
        }
    }
}
