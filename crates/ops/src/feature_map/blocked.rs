//! One blocked map as a tensor.

use burn::tensor::Tensor;
use coverslip_kernels::{Extent, maps::MapShape};

use crate::cpu::Part;

/// A blocked map.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// `[N, C / 16, Z, Y, X, 16]`; lanes without a channel are zero.
    pub(super) tensor: Tensor<6>,
    /// The channels there are.
    pub(super) channels: usize,
}

impl Block {
    /// The map as kernels take it.
    pub(super) fn into_part(self) -> Part {
        let [n, _, z, y, x, _] = self.tensor.dims();
        let extent = Extent { n, size: [z, y, x] };
        Part {
            shape: MapShape::blocked(extent, self.channels),
            tensor: self.tensor.into_dispatch(),
        }
    }
}
