//! What happens to the sums of a convolution before they are stored.

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
                self.activate::<S>(sums, block);
                if destination.lanes == LANES {
                    let mut to = destination.at(block, run.image, run.first_pixel);
                    for sum in sums {
                        S::store(to, S::load(sum.as_ptr()));
                        to = to.wrapping_add(run.step * LANES);
                    }
                } else {
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

    #[inline(always)]
    unsafe fn activate<S: Simd>(&self, sums: &mut [[f32; LANES]], block: usize) {
        // SAFETY: the caller of `store` promises the instruction set and that the block exists.
        unsafe {
            let bias = S::load(self.bias.as_slice().as_ptr().add(block * LANES));
            let activation = self.activation;
            each::<S>(sums, |sum| activation.apply::<S>(S::add(sum, bias)));
            // A zero weight does not make a zero of an infinite input.
            if self.is_last_partial && (block + 1) * LANES > self.channels {
                let exists = S::load(self.last_channels.as_ptr());
                each::<S>(sums, |sum| S::where_positive(exists, sum, S::zero()));
            }
        }
    }
}

#[inline(always)]
unsafe fn each<S: Simd>(sums: &mut [[f32; LANES]], work: impl Fn(S::Vector) -> S::Vector) {
    for sum in sums {
        // SAFETY: an array holds a vector; the instruction set is there as for the caller.
        unsafe { S::store(sum.as_mut_ptr(), work(S::load(sum.as_ptr()))) };
    }
}
