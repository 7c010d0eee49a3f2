//! Resampling to another size.

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Isa,
    maps::{Interpolation, MapShape, resample, resample_backward},
};

use super::{Operation, layout::map_sizes, tensor_of, values_of};

/// A map of another size.
#[derive(Debug)]
pub(crate) struct Resample {
    pub(crate) shape: MapShape,
    pub(crate) size: [usize; 3],
    pub(crate) interpolation: Interpolation,
}

impl Operation for Resample {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let values = values_of(&inputs[0]);
        let output = resample(
            Isa::best(),
            self.shape,
            values,
            self.size,
            self.interpolation,
        );
        let sizes = map_sizes(self.shape.with_size(self.size));
        (tensor_of(output, &sizes), Vec::new())
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let found = resample_backward(
            Isa::best(),
            self.shape,
            values_of(&gradient),
            self.size,
            self.interpolation,
        );
        vec![Some(tensor_of(found, &map_sizes(self.shape)))]
    }
}
