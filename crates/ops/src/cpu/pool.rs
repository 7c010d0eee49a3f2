//! Pooling.

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Isa,
    maps::{
        MapShape, Window, average_pool, average_pool_backward, global_average,
        global_average_backward, max_pool, max_pool_backward,
    },
};

use super::{Operation, layout::map_sizes, tensor_of, values_of};

/// The largest value of each window.
#[derive(Debug)]
pub(crate) struct MaxPool {
    pub(crate) shape: MapShape,
    pub(crate) window: Window,
}

/// The mean of each window.
#[derive(Debug)]
pub(crate) struct AveragePool {
    pub(crate) shape: MapShape,
    pub(crate) window: Window,
    /// Whether zeros of the padding count.
    pub(crate) count_padding: bool,
}

/// The mean of each channel of each image.
#[derive(Debug)]
pub(crate) struct GlobalAverage {
    pub(crate) shape: MapShape,
}

fn pooled(shape: MapShape, window: Window) -> Vec<usize> {
    map_sizes(shape.with_size(window.output_size(shape.extent.size)))
}

impl Operation for MaxPool {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let output = max_pool(Isa::best(), self.shape, values_of(&inputs[0]), self.window);
        let output = tensor_of(output, &pooled(self.shape, self.window));
        (output, inputs.to_vec())
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let (values, gradient) = (values_of(&saved[0]), values_of(&gradient));
        let found = max_pool_backward(Isa::best(), self.shape, values, gradient, self.window);
        vec![Some(tensor_of(found, &map_sizes(self.shape)))]
    }
}

impl Operation for AveragePool {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let values = values_of(&inputs[0]);
        let output = average_pool(
            Isa::best(),
            self.shape,
            values,
            self.window,
            self.count_padding,
        );
        (
            tensor_of(output, &pooled(self.shape, self.window)),
            Vec::new(),
        )
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let gradient = values_of(&gradient);
        let found = average_pool_backward(
            Isa::best(),
            self.shape,
            gradient,
            self.window,
            self.count_padding,
        );
        vec![Some(tensor_of(found, &map_sizes(self.shape)))]
    }
}

impl Operation for GlobalAverage {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let output = global_average(Isa::best(), self.shape, values_of(&inputs[0]));
        let sizes = map_sizes(self.shape.with_size([1; 3]));
        (tensor_of(output, &sizes), Vec::new())
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let found = global_average_backward(self.shape, values_of(&gradient));
        vec![Some(tensor_of(found, &map_sizes(self.shape)))]
    }
}
