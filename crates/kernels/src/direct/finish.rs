//! Bias and activation of the sums of a convolution before they are stored.

use crate::simd::Simd;
use crate::{Buffer, Epilogue, FusedActivation, LANES, blocks};

use super::planes::Destination;
use super::tile::Sums;

/// An [`Epilogue`] in vectors.
pub(super) struct Finish {
    /// `[blocks, 16]`, zeros without a bias or channel.
    bias: Buffer,
    activation: FusedActivation,
    /// Positive for the channels of the last block that exist.
    last_channels: [f32; LANES],
    /// Whether some of them do not.
    is_last_partial: bool,
    channels: usize,
}

/// A run of pixels of a row of the output.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) image: usize,
    pub(super) first_pixel: usize,
    pub(super) step: usize,
    pub(super) count: usize,
}

impl Finish {
    pub(super) fn of(epilogue: Epilogue<'_>, channels: usize) -> Self {
        let mut bias = Buffer::zeros(blocks(channels) * LANES);
        if let Some(values) = epilogue.bias {
            bias.as_mut_slice()[..channels].copy_from_slice(values);
        }
        let in_last = channels - (blocks(channels) - 1) * LANES;
        Self {
            bias,
            activation: epilogue.activation,
            last_channels: std::array::from_fn(|lane| f32::from(u8::from(lane < in_last))),
            is_last_partial: in_last < LANES,
            channels,
        }
    }

    /// Adds the bias, applies the activation and stores the sums of output block `first_block` and
    /// the `width - 1` blocks after it.
    ///
    /// # Safety
    ///
    /// The processor must have `S`; the blocks and the pixels of the run must exist, and nobody else
    /// may write them.
    #[inline(always)]
    pub(super) unsafe fn store<S: Simd>(
        &self,
        sums: &mut Sums,
        first_block: usize,
        width: usize,
        destination: &Destination,
        run: Run,
    ) {
        for (index, sums) in sums.0[..width].iter_mut().enumerate() {
            let block = first_block + index;
            let sums = &mut sums[..run.count];
            // SAFETY: as the caller promises.
            unsafe {
                let bias = S::load(self.bias.as_slice().as_ptr().add(block * LANES));
                let is_partial = self.is_last_partial && (block + 1) * LANES > self.channels;
                if destination.lanes == LANES {
                    let mut to = destination.at(block, run.image, run.first_pixel);
                    for sum in sums {
                        S::store(to, self.activated::<S>(sum, bias, is_partial));
                        to = to.wrapping_add(run.step * LANES);
                    }
                } else {
                    for sum in sums.iter_mut() {
                        let value = self.activated::<S>(sum, bias, is_partial);
                        S::store(sum.as_mut_ptr(), value);
                    }
                    for channel in 0..self.channels {
                        let mut to = destination.at(channel, run.image, run.first_pixel);
                        for sum in sums.iter() {
                            *to = sum[channel];
                            to = to.wrapping_add(run.step);
                        }
                    }
                }
            }
        }
    }

    /// # Safety
    ///
    /// The processor must have `S`.
    #[inline(always)]
    unsafe fn activated<S: Simd>(
        &self,
        sum: &[f32; LANES],
        bias: S::Vector,
        is_partial: bool,
    ) -> S::Vector {
        // SAFETY: an array holds a vector; the instruction set is there as the caller promises.
        unsafe {
            let sum = S::load(sum.as_ptr());
            let value = self.activation.apply::<S>(S::add(sum, bias));
            if !is_partial {
                return value;
            }
            // A zero weight does not make a zero of an infinite input.
            let exists = S::load(self.last_channels.as_ptr());
            S::where_positive(exists, value, S::zero())
        }
    }
}
