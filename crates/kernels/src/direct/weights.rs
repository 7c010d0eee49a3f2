//! Weights in the order in which the kernels read them.

use rayon::prelude::*;

use crate::{Buffer, LANES, blocks};

use super::grid::Grid;
use super::partition::PixelForm;

/// Weights as a matrix of kernels, `values[out * out_step + in * in_step + tap]`.
#[derive(Clone, Copy)]
pub(super) struct WeightView<'a> {
    values: &'a [f32],
    out_step: usize,
    in_step: usize,
    /// Channels of what is computed.
    pub(super) out_channels: usize,
    /// Channels of what is read.
    pub(super) in_channels: usize,
}

impl<'a> WeightView<'a> {
    /// Of `[out_channels, in_channels, taps]`, from input to output.
    pub(super) fn forward(
        values: &'a [f32],
        out_channels: usize,
        in_channels: usize,
        taps: usize,
    ) -> Self {
        Self {
            values,
            out_step: in_channels * taps,
            in_step: taps,
            out_channels,
            in_channels,
        }
    }

    /// The same from output to input.
    pub(super) fn transposed(self) -> Self {
        Self {
            values: self.values,
            out_step: self.in_step,
            in_step: self.out_step,
            out_channels: self.in_channels,
            in_channels: self.out_channels,
        }
    }

    /// `[groups, blocks, taps, lanes, width * 16]` with the taps of `grid`, where a group is `width`
    /// output blocks and the last one may be smaller; zeros where a channel does not exist.
    pub(super) fn pack(&self, grid: &Grid, form: PixelForm, width: usize) -> Buffer {
        let taps: Vec<usize> = grid.taps().map(|(_, index)| index).collect();
        let block_terms = taps.len() * form.lanes;
        let terms = form.blocks * block_terms;
        let mut packed = Buffer::zeros(blocks(self.out_channels) * LANES * terms);
        if terms == 0 {
            return packed;
        }
        packed
            .as_mut_slice()
            .par_chunks_mut(width * LANES * terms)
            .enumerate()
            .for_each(|(group, packed)| {
                let group_lanes = packed.len() / terms;
                let first_out = group * width * LANES;
                for (block, packed) in packed
                    .chunks_exact_mut(block_terms * group_lanes)
                    .enumerate()
                {
                    let first_in = block * form.lanes;
                    for out in 0..group_lanes.min(self.out_channels - first_out) {
                        for lane in 0..form.lanes.min(self.in_channels - first_in) {
                            let kernel = &self.values[(first_out + out) * self.out_step
                                + (first_in + lane) * self.in_step..];
                            for (tap, &index) in taps.iter().enumerate() {
                                packed[(tap * form.lanes + lane) * group_lanes + out] =
                                    kernel[index];
                            }
                        }
                    }
                }
            });
        packed
    }

    /// `[blocks, taps, out_channels, 16]` with the taps of `grid`; zeros where a channel does not
    /// exist.
    pub(super) fn pack_dot(&self, grid: &Grid) -> Buffer {
        let taps: Vec<usize> = grid.taps().map(|(_, index)| index).collect();
        let term_len = self.out_channels * LANES;
        let mut packed = Buffer::zeros(blocks(self.in_channels) * taps.len() * term_len);
        let values = packed.as_mut_slice();
        for out in 0..self.out_channels {
            for channel in 0..self.in_channels {
                let kernel = &self.values[out * self.out_step + channel * self.in_step..];
                let (block, lane) = (channel / LANES, channel % LANES);
                for (tap, &index) in taps.iter().enumerate() {
                    let term = block * taps.len() + tap;
                    values[term * term_len + out * LANES + lane] = kernel[index];
                }
            }
        }
        packed
    }
}

/// Weights of a convolution of each channel by itself, `[blocks, taps, 16]` with the taps of `grid`;
/// zeros where a channel does not exist.
pub(super) fn pack_depthwise(weight: &[f32], channels: usize, grid: &Grid) -> Buffer {
    let taps: Vec<usize> = grid.taps().map(|(_, index)| index).collect();
    let mut packed = Buffer::zeros(blocks(channels) * taps.len() * LANES);
    let kernel_len = weight.len() / channels;
    let values = packed.as_mut_slice();
    for (channel, kernel) in weight.chunks_exact(kernel_len).enumerate() {
        for (tap, &index) in taps.iter().enumerate() {
            values[(channel / LANES * taps.len() + tap) * LANES + channel % LANES] = kernel[index];
        }
    }
    packed
}
