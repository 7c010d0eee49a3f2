//! Activations by themselves.

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Isa,
    maps::{Activation, MapShape, activate, activate_backward},
};

use super::{Operation, layout::map_sizes, tensor_of, values_of};

/// A function of every value of a map.
#[derive(Debug)]
pub(crate) struct Activate {
    pub(crate) shape: MapShape,
    pub(crate) activation: Activation,
}

impl Operation for Activate {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let values = values_of(&inputs[0]);
        let output = activate(Isa::best(), self.shape, values, self.activation);
        (tensor_of(output, &map_sizes(self.shape)), inputs.to_vec())
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        mut gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let slopes = gradient.storage_mut::<f32>();
        let values = values_of(&saved[0]);
        activate_backward(Isa::best(), self.shape, values, slopes, self.activation);
        vec![Some(gradient)]
    }
}
