//! What a convolution does to its output on the way to memory.

use crate::{FusedActivation, simd::Simd};

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
