//! One blocked map as a tensor.

use burn::tensor::Tensor;
use coverslip_kernels::{Extent, LANES};

use crate::cpu::{FromBlocked, ToBlocked, call};

/// The most maps that are passed on as one without a copy.
pub(crate) const MOST_SOURCES: usize = 4;

/// A blocked map.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// `[N, C / 16, Z, Y, X, 16]`; lanes without a channel are zero.
    pub(crate) tensor: Tensor<6>,
    /// The channels there are.
    pub(crate) channels: usize,
}

impl Block {
    /// A planar map `[N, C, Z, Y, X]`, copied.
    pub(crate) fn from_planar(tensor: Tensor<5>) -> Self {
        let [n, channels, z, y, x] = tensor.dims();
        let extent = Extent { n, size: [z, y, x] };
        let operation = ToBlocked { channels, extent };
        Self {
            tensor: call(operation, vec![tensor.into_dispatch()]),
            channels,
        }
    }

    /// The map as `[N, C, Z, Y, X]`, copied.
    pub(crate) fn into_planar(self) -> Tensor<5> {
        let operation = FromBlocked {
            channels: self.channels,
            extent: self.extent(),
        };
        call(operation, vec![self.tensor.into_dispatch()])
    }

    /// The sizes apart from the channels.
    pub(crate) fn extent(&self) -> Extent {
        let [n, _, z, y, x, _] = self.tensor.dims();
        Extent { n, size: [z, y, x] }
    }

    /// Blocks of sixteen channels.
    pub(crate) fn blocks(&self) -> usize {
        self.tensor.dims()[1]
    }

    /// Maps that follow each other along the channels as one, copied. All but the last have whole
    /// blocks.
    pub(crate) fn join(blocks: Vec<Self>) -> Self {
        debug_assert!(
            blocks[..blocks.len() - 1]
                .iter()
                .all(|block| block.channels % LANES == 0)
        );
        let channels = blocks.iter().map(|block| block.channels).sum();
        let tensors = blocks.into_iter().map(|block| block.tensor).collect();
        Self {
            tensor: Tensor::cat(tensors, 1),
            channels,
        }
    }
}
