//! Pixels around a map, and parts of it.

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Isa,
    maps::{Continuation, MapShape, crop, pad, pad_continued, pad_continued_backward},
};

use super::{Operation, layout::map_sizes, tensor_of, values_of};

/// A map with more pixels around it.
#[derive(Debug)]
pub(crate) struct Pad {
    pub(crate) shape: MapShape,
    pub(crate) before: [usize; 3],
    pub(crate) after: [usize; 3],
    /// The values of the new pixels; zero if `None`.
    pub(crate) continuation: Option<Continuation>,
}

/// A part of a map.
#[derive(Debug)]
pub(crate) struct Crop {
    pub(crate) shape: MapShape,
    pub(crate) start: [usize; 3],
    pub(crate) size: [usize; 3],
}

impl Pad {
    fn result(&self) -> MapShape {
        let size = self.shape.extent.size;
        let padded = |axis| self.before[axis] + size[axis] + self.after[axis];
        self.shape.with_size([0, 1, 2].map(padded))
    }
}

impl Operation for Pad {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let (isa, values) = (Isa::best(), values_of(&inputs[0]));
        let (shape, before, after) = (self.shape, self.before, self.after);
        let output = match self.continuation {
            None => pad(isa, shape, values, before, after),
            Some(continuation) => pad_continued(isa, shape, values, before, after, continuation),
        };
        (tensor_of(output, &map_sizes(self.result())), Vec::new())
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let (isa, shape) = (Isa::best(), self.shape);
        let gradient = values_of(&gradient);
        let (before, after) = (self.before, self.after);
        let found = match self.continuation {
            None => crop(isa, self.result(), gradient, before, shape.extent.size),
            Some(continuation) => {
                pad_continued_backward(isa, shape, gradient, before, after, continuation)
            }
        };
        vec![Some(tensor_of(found, &map_sizes(shape)))]
    }
}

impl Operation for Crop {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let values = values_of(&inputs[0]);
        let output = crop(Isa::best(), self.shape, values, self.start, self.size);
        let sizes = map_sizes(self.shape.with_size(self.size));
        (tensor_of(output, &sizes), Vec::new())
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let cropped = self.shape.with_size(self.size);
        let after =
            [0, 1, 2].map(|axis| self.shape.extent.size[axis] - self.start[axis] - self.size[axis]);
        let found = pad(
            Isa::best(),
            cropped,
            values_of(&gradient),
            self.start,
            after,
        );
        vec![Some(tensor_of(found, &map_sizes(self.shape)))]
    }
}
