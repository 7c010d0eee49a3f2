//! Activations by themselves.

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Isa,
    maps::{Activation, MapShape, activate, activate_backward, softmax, softmax_backward},
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

/// The soft-max over the channels of each pixel of a planar map.
#[derive(Debug)]
pub(crate) struct Softmax {
    pub(crate) shape: MapShape,
}

impl Operation for Softmax {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let output = softmax(Isa::best(), self.shape, values_of(&inputs[0]));
        let output = tensor_of(output, &map_sizes(self.shape));
        (output.clone(), vec![output])
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let (y, gradient) = (values_of(&saved[0]), values_of(&gradient));
        let result = softmax_backward(Isa::best(), self.shape, y, gradient);
        vec![Some(tensor_of(result, &map_sizes(self.shape)))]
    }
}
