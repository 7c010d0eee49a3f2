//! Activation and normalisation of maps that follow each other along the channels, and with the
//! convolution before it.

use std::sync::{Arc, OnceLock};

use burn_flex::FlexTensor;
use coverslip_kernels::{
    ConvShape, Epilogue, Extent, Isa,
    maps::{
        self, Activation, MapShape, Moments, Norm, NormGradient, Stack, StackGradient, Statistics,
        activated_moments, channel_sums,
    },
    planar,
};

use super::{Operation, layout::map_sizes, memory::tensor_from_vec, tensor_of, values_of};

/// What is done to a stack: an activation and, after it, a normalisation.
#[derive(Debug)]
pub(crate) struct ActivateNormalize {
    pub(crate) extent: Extent,
    pub(crate) activation: Activation,
    pub(crate) normalization: Option<StackNormalization>,
}

/// A normalisation without its parameters.
#[derive(Debug)]
pub(crate) struct StackNormalization {
    pub(crate) statistics: Statistics,
    pub(crate) epsilon: f32,
    /// Mean and variance that are not those of the maps, for frozen batch normalisation.
    pub(crate) frozen: Option<Moments>,
    /// Where mean and variance go.
    pub(crate) found: Arc<OnceLock<Moments>>,
}

impl ActivateNormalize {
    /// The map, given the scale and the shift of the normalisation if there is one.
    fn forward(&self, stack: &Stack<'_>, affine: &[FlexTensor]) -> FlexTensor {
        let (isa, activation) = (Isa::best(), self.activation);
        let shape = stack.shape();
        let write = |scale: &[f32], shift: &[f32]| {
            let output = maps::activate_normalize(isa, stack, activation, scale, shift);
            tensor_of(output, &map_sizes(shape))
        };
        let Some(normalization) = &self.normalization else {
            return write(&vec![1.0; shape.channels], &vec![0.0; shape.channels]);
        };
        let moments = normalization
            .found
            .get_or_init(|| match &normalization.frozen {
                Some(frozen) => frozen.clone(),
                None => activated_moments(isa, stack, activation, normalization.statistics),
            });
        normalization.with_norm(moments, affine, |norm| {
            let (scale, shift) = norm.scale_and_shift(shape);
            write(&scale, &shift)
        })
    }

    /// The backward pass, and the gradients of scale and shift if there are any.
    fn backward<'a>(
        &self,
        stack: &'a Stack<'a>,
        gradient: &'a [f32],
        affine: &[FlexTensor],
    ) -> (StackGradient<'a>, Vec<Option<FlexTensor>>) {
        let (isa, activation) = (Isa::best(), self.activation);
        let Some(normalization) = &self.normalization else {
            let (back, _) = StackGradient::new(isa, stack, gradient, activation, None);
            return (back, Vec::new());
        };
        let moments = normalization
            .found
            .get()
            .expect("the forward pass set the moments");
        let (back, parameters) = normalization.with_norm(moments, affine, |norm| {
            StackGradient::new(isa, stack, gradient, activation, Some(norm))
        });
        let sizes = [stack.shape().channels];
        let tensors = parameters.map(|NormGradient { gamma, beta }| {
            [gamma, beta].map(|values| Some(tensor_from_vec(values, &sizes)))
        });
        (back, tensors.into_iter().flatten().collect())
    }
}

impl StackNormalization {
    /// Calls `work` with the normalisation as the kernels take it.
    fn with_norm<R>(
        &self,
        moments: &Moments,
        affine: &[FlexTensor],
        work: impl FnOnce(&Norm<'_>) -> R,
    ) -> R {
        work(&Norm {
            statistics: self.statistics,
            is_frozen: self.frozen.is_some(),
            mean: &moments.mean,
            inverse_std: &moments.inverse_std(self.epsilon),
            gamma: values_of(&affine[0]),
            beta: values_of(&affine[1]),
            activation: Activation::Identity,
        })
    }
}

/// `norm(activation(concatenation of planar maps))`.
///
/// Inputs: the maps and, with a normalisation, its scale `[C]` and its shift `[C]`. Nothing but the
/// inputs is kept for the backward pass.
#[derive(Debug)]
pub(crate) struct ConcatActivateNormalize {
    /// Channels of each map.
    pub(crate) channels: Vec<usize>,
    pub(crate) then: ActivateNormalize,
}

impl ConcatActivateNormalize {
    fn stack<'a>(&self, inputs: &'a [FlexTensor]) -> Stack<'a> {
        let maps = inputs
            .iter()
            .map(values_of)
            .zip(self.channels.iter().copied());
        Stack::new(self.then.extent, &maps.collect::<Vec<_>>())
    }
}

impl Operation for ConcatActivateNormalize {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let (maps, affine) = inputs.split_at(self.channels.len());
        (
            self.then.forward(&self.stack(maps), affine),
            inputs.to_vec(),
        )
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let (maps, affine) = saved.split_at(self.channels.len());
        let stack = self.stack(maps);
        let (back, parameters) = self.then.backward(&stack, values_of(&gradient), affine);
        let of_map = |(map, &channels): (usize, &usize)| {
            let sizes = map_sizes(MapShape::planar(self.then.extent, channels));
            wanted[map].then(|| tensor_of(back.of_map(map), &sizes))
        };
        let maps = self.channels.iter().enumerate().map(of_map);
        maps.chain(parameters).collect()
    }
}

/// `norm(activation(concatenation of a planar map and its convolution))`.
///
/// Inputs: the map, the weight of the convolution `[O, I, KZ, KY, KX]`, with `has_bias` its bias
/// `[O]` and, with a normalisation, the scale and the shift of that, `[I + O]`.
#[derive(Debug)]
pub(crate) struct DenseConvolution {
    pub(crate) shape: ConvShape,
    pub(crate) has_bias: bool,
    pub(crate) then: ActivateNormalize,
}

impl DenseConvolution {
    fn stack<'a>(&self, map: &'a [f32], convolved: &'a [f32]) -> Stack<'a> {
        let maps = [
            (map, self.shape.in_channels),
            (convolved, self.shape.out_channels),
        ];
        Stack::new(self.then.extent, &maps)
    }

    /// Inputs before the parameters of the normalisation.
    fn inputs(&self) -> usize {
        2 + usize::from(self.has_bias)
    }
}

impl Operation for DenseConvolution {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let (own, affine) = inputs.split_at(self.inputs());
        let epilogue = Epilogue {
            bias: self.has_bias.then(|| values_of(&own[2])),
            ..Epilogue::default()
        };
        let (map, weight) = (values_of(&own[0]), values_of(&own[1]));
        let convolved = planar::conv(Isa::best(), map, weight, epilogue, &self.shape);
        let output = self
            .then
            .forward(&self.stack(map, convolved.as_slice()), affine);
        let shape = MapShape::planar(self.shape.output, self.shape.out_channels);
        let mut saved = vec![inputs[0].clone(), inputs[1].clone()];
        saved.push(tensor_of(convolved, &map_sizes(shape)));
        saved.extend_from_slice(affine);
        (output, saved)
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let (isa, shape) = (Isa::best(), &self.shape);
        let (own, affine) = saved.split_at(3);
        let [map, weight, convolved] = [0, 1, 2].map(|index| values_of(&own[index]));
        let stack = self.stack(map, convolved);
        let (back, parameters) = self.then.backward(&stack, values_of(&gradient), affine);
        let of_output = back.of_map(1);
        let of_output = of_output.as_slice();
        let mut found = vec![
            wanted[0].then(|| {
                let sizes = map_sizes(MapShape::planar(shape.input, shape.in_channels));
                tensor_of(back.of_convolved_map(of_output, weight, shape), &sizes)
            }),
            wanted[1].then(|| {
                let gradient = planar::conv_weight_gradient(isa, map, of_output, shape);
                let sizes: Vec<usize> = own[1].layout().shape().iter().copied().collect();
                tensor_from_vec(gradient, &sizes)
            }),
        ];
        if self.has_bias {
            let output = MapShape::planar(shape.output, shape.out_channels);
            let sums = channel_sums(isa, output, of_output);
            found.push(Some(tensor_from_vec(sums, &[shape.out_channels])));
        }
        found.extend(parameters);
        found
    }
}
