//! Sums and products of two maps.

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Isa,
    maps::{
        Activation, Combination, MapShape, combine, gate, gate_factor_gradient, global_average,
        normalize_activate,
    },
};

use super::{Operation, layout::map_sizes, memory::tensor_from_vec, tensor_of, values_of};

/// The sum of two maps of the same shape.
#[derive(Debug)]
pub(crate) struct Add {
    pub(crate) shape: MapShape,
}

/// The product of two maps of the same shape.
#[derive(Debug)]
pub(crate) struct Multiply {
    pub(crate) shape: MapShape,
}

/// A map times a planar map `[N, 1, Z, Y, X]`.
#[derive(Debug)]
pub(crate) struct MultiplyPixels {
    pub(crate) shape: MapShape,
}

/// A map times a planar map `[N, C, 1, 1, 1]`.
#[derive(Debug)]
pub(crate) struct MultiplyChannels {
    pub(crate) shape: MapShape,
}

fn combined(
    shape: MapShape,
    combination: Combination,
    a: &FlexTensor,
    b: &FlexTensor,
) -> FlexTensor {
    let buffer = combine(Isa::best(), combination, values_of(a), values_of(b));
    tensor_of(buffer, &map_sizes(shape))
}

impl Operation for Add {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let output = combined(self.shape, Combination::Add, &inputs[0], &inputs[1]);
        (output, Vec::new())
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        vec![Some(gradient.clone()), Some(gradient)]
    }
}

impl Operation for Multiply {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let output = combined(self.shape, Combination::Multiply, &inputs[0], &inputs[1]);
        (output, inputs.to_vec())
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let times =
            |other: &FlexTensor| combined(self.shape, Combination::Multiply, &gradient, other);
        vec![
            wanted[0].then(|| times(&saved[1])),
            wanted[1].then(|| times(&saved[0])),
        ]
    }
}

impl MultiplyPixels {
    fn times(&self, map: &FlexTensor, factors: &FlexTensor) -> FlexTensor {
        let buffer = gate(Isa::best(), self.shape, values_of(map), values_of(factors));
        tensor_of(buffer, &map_sizes(self.shape))
    }
}

impl Operation for MultiplyPixels {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        (self.times(&inputs[0], &inputs[1]), inputs.to_vec())
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let factor_gradient = || {
            let values = values_of(&saved[0]);
            let isa = Isa::best();
            let buffer = gate_factor_gradient(isa, self.shape, values, values_of(&gradient));
            tensor_of(buffer, &map_sizes(MapShape::planar(self.shape.extent, 1)))
        };
        vec![
            wanted[0].then(|| self.times(&gradient, &saved[1])),
            wanted[1].then(factor_gradient),
        ]
    }
}

impl MultiplyChannels {
    fn times(&self, map: &FlexTensor, factors: &FlexTensor) -> FlexTensor {
        let (values, scale) = (values_of(map), values_of(factors));
        let shift = vec![0.0; self.shape.channels];
        let identity = Activation::Identity;
        let isa = Isa::best();
        let buffer = normalize_activate(isa, self.shape, values, scale, &shift, identity);
        tensor_of(buffer, &map_sizes(self.shape))
    }
}

impl Operation for MultiplyChannels {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        (self.times(&inputs[0], &inputs[1]), inputs.to_vec())
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let factor_gradient = || {
            let isa = Isa::best();
            let (values, gradient) = (values_of(&saved[0]), values_of(&gradient));
            let products = combine(isa, Combination::Multiply, values, gradient);
            let means = global_average(isa, self.shape, products.as_slice());
            let (extent, channels) = (self.shape.extent, self.shape.channels);
            // A map of one pixel has its channels in order; empty lanes end each image.
            let row = means.as_slice().len() / extent.n;
            let images = means.as_slice().chunks_exact(row);
            let sums = images.flat_map(|image| &image[..channels]);
            let sums = sums.map(|mean| mean * extent.pixels() as f32).collect();
            tensor_from_vec(sums, &[extent.n, channels, 1, 1, 1])
        };
        vec![
            wanted[0].then(|| self.times(&gradient, &saved[1])),
            wanted[1].then(factor_gradient),
        ]
    }
}
