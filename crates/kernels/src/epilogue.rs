//! The epilogue of a convolution: bias and activation, on the way to memory.

use crate::simd::Simd;

/// An activation that a convolution applies to what it stores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FusedActivation {
    /// None.
    #[default]
    Identity,
    /// `max(0, x)`; NaN stays NaN.
    Relu,
    /// `x` where it is positive, else `x` times the slope.
    LeakyRelu(f32),
}

/// The operations on a convolution's sums before they are stored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// Added, one for each channel.
    pub bias: Option<&'a [f32]>,
    /// Applied after that.
    pub activation: FusedActivation,
}

impl Epilogue<'_> {
    pub(crate) fn assert_fits(&self, channels: usize) {
        if let Some(bias) = self.bias {
            assert_eq!(
                bias.len(),
                channels,
                "biases for the channels of the result"
            );
        }
    }

    pub(crate) fn of_group(&self, group: usize, channels: usize) -> Self {
        Self {
            bias: self.bias.map(|bias| &bias[group * channels..][..channels]),
            ..*self
        }
    }
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
