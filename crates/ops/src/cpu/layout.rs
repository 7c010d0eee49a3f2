//! From planar to blocked and back, as operations of the graph.

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Extent, blocks, from_blocked,
    maps::{Layout, MapShape},
    to_blocked,
};

use super::{Operation, memory::tensor_from_vec, tensor_of, values_of};

/// `[N, C, Z, Y, X]` to `[N, C / 16, Z, Y, X, 16]`.
#[derive(Debug)]
pub(crate) struct ToBlocked {
    pub(crate) channels: usize,
    pub(crate) extent: Extent,
}

/// The way back.
#[derive(Debug)]
pub(crate) struct FromBlocked {
    pub(crate) channels: usize,
    pub(crate) extent: Extent,
}

/// The sizes of a blocked map.
pub(crate) fn blocked_sizes(blocks: usize, extent: Extent) -> [usize; 6] {
    let [z, y, x] = extent.size;
    [extent.n, blocks, z, y, x, coverslip_kernels::LANES]
}

/// The sizes of a planar map.
pub(crate) fn planar_sizes(channels: usize, extent: Extent) -> [usize; 5] {
    let [z, y, x] = extent.size;
    [extent.n, channels, z, y, x]
}

fn into_blocked(tensor: &FlexTensor, channels: usize, extent: Extent) -> FlexTensor {
    let buffer = to_blocked(values_of(tensor), channels, extent);
    tensor_of(buffer, &blocked_sizes(blocks(channels), extent))
}

fn into_planar(tensor: &FlexTensor, channels: usize, extent: Extent) -> FlexTensor {
    let values = from_blocked(values_of(tensor), channels, extent);
    tensor_from_vec(values, &planar_sizes(channels, extent))
}

impl Operation for ToBlocked {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        (into_blocked(&inputs[0], self.channels, self.extent), vec![])
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        vec![Some(into_planar(&gradient, self.channels, self.extent))]
    }
}

impl Operation for FromBlocked {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        (into_planar(&inputs[0], self.channels, self.extent), vec![])
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        vec![Some(into_blocked(&gradient, self.channels, self.extent))]
    }
}

/// The sizes of a map of either layout.
pub(crate) fn map_sizes(shape: MapShape) -> Vec<usize> {
    match shape.layout {
        Layout::Planar => planar_sizes(shape.channels, shape.extent).to_vec(),
        Layout::Blocked => blocked_sizes(blocks(shape.channels), shape.extent).to_vec(),
    }
}
