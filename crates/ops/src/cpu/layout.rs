//! From planar to blocked and back, and several maps as one, as operations of the graph.

use burn::backend::DispatchTensor;
use burn_flex::FlexTensor;
use coverslip_kernels::{
    Extent, LANES, blocks,
    maps::{Layout, MapShape, concatenate, split},
};

use super::{MOST_INPUTS, Operation, call, tensor_of, values_of};

/// A map and how it lies in memory.
pub(crate) struct Part {
    pub(crate) shape: MapShape,
    pub(crate) tensor: DispatchTensor,
}

/// Maps that follow each other along the channels as one of the given layout, in one copy; not
/// copied where it is one of that layout already.
///
/// # Panics
///
/// When images or sizes differ.
pub(crate) fn join(mut parts: Vec<Part>, layout: Layout) -> Part {
    while parts.len() > MOST_INPUTS {
        let rest = parts.split_off(MOST_INPUTS);
        parts = vec![join_few(parts, layout)];
        parts.extend(rest);
    }
    join_few(parts, layout)
}

fn join_few(mut parts: Vec<Part>, layout: Layout) -> Part {
    if parts.len() == 1 && parts[0].shape.layout == layout {
        return parts.swap_remove(0);
    }
    let (shapes, tensors): (Vec<_>, Vec<_>) = parts
        .into_iter()
        .map(|part| (part.shape, part.tensor))
        .unzip();
    let shape = MapShape {
        extent: shapes[0].extent,
        channels: shapes.iter().map(|shape| shape.channels).sum(),
        layout,
    };
    let operation = Concatenate {
        result: shape,
        parts: shapes,
    };
    Part {
        shape,
        tensor: call(operation, tensors),
    }
}

/// The channels of several maps one after the other; of one map a change of layout.
#[derive(Debug)]
struct Concatenate {
    result: MapShape,
    parts: Vec<MapShape>,
}

impl Operation for Concatenate {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let shapes = self.parts.iter().copied();
        let maps: Vec<(MapShape, &[f32])> = shapes.zip(inputs.iter().map(values_of)).collect();
        let buffer = concatenate(self.result, &maps);
        (tensor_of(buffer, &map_sizes(self.result)), Vec::new())
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let found = split(self.result, values_of(&gradient), &self.parts);
        let tensors = found.into_iter().zip(&self.parts);
        tensors
            .map(|(buffer, &shape)| Some(tensor_of(buffer, &map_sizes(shape))))
            .collect()
    }
}

/// The sizes of a blocked map.
pub(crate) fn blocked_sizes(blocks: usize, extent: Extent) -> [usize; 6] {
    let [z, y, x] = extent.size;
    [extent.n, blocks, z, y, x, LANES]
}

/// The sizes of a map of either layout.
pub(crate) fn map_sizes(shape: MapShape) -> Vec<usize> {
    match shape.layout {
        Layout::Planar => {
            let [z, y, x] = shape.extent.size;
            vec![shape.extent.n, shape.channels, z, y, x]
        }
        Layout::Blocked => blocked_sizes(blocks(shape.channels), shape.extent).to_vec(),
    }
}
