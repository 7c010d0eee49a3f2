//! Normalisation and activation in one pass.

use std::sync::{Arc, OnceLock};

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Isa,
    maps::{
        Activation, MapShape, Moments, Norm, PartialMoments, Statistics, merge_moments, moments,
        normalize_activate, normalize_activate_backward,
    },
};

use super::{Operation, layout::map_sizes, memory::tensor_from_vec, tensor_of, values_of};

/// `activation((x - mean) / sqrt(variance + epsilon) * gamma + beta)`.
///
/// Inputs: the map, gamma `[C]` and beta `[C]`.
#[derive(Debug)]
pub(crate) struct NormalizeActivate {
    pub(crate) shape: MapShape,
    pub(crate) statistics: Statistics,
    pub(crate) epsilon: f32,
    pub(crate) activation: Activation,
    /// Mean and variance that are not those of the map, for frozen batch normalisation.
    pub(crate) frozen: Option<Moments>,
    /// Moments of each image and block of channels, if the convolution before has left them here.
    pub(crate) parts: Option<Arc<OnceLock<Vec<PartialMoments>>>>,
    /// Where mean and variance go.
    pub(crate) found: Arc<OnceLock<Moments>>,
}

impl NormalizeActivate {
    fn moments(&self, values: &[f32]) -> Moments {
        if let Some(frozen) = &self.frozen {
            return frozen.clone();
        }
        match self.parts.as_ref().and_then(|parts| parts.get()) {
            Some(parts) => merge_moments(self.shape, parts, self.statistics),
            None => moments(Isa::best(), self.shape, values, self.statistics),
        }
    }

    /// Calls `work` with the normalisation as the kernels take it.
    fn with_norm<R>(
        &self,
        moments: &Moments,
        gamma: &FlexTensor,
        beta: &FlexTensor,
        work: impl FnOnce(&Norm<'_>) -> R,
    ) -> R {
        work(&Norm {
            statistics: self.statistics,
            is_frozen: self.frozen.is_some(),
            mean: &moments.mean,
            inverse_std: &moments.inverse_std(self.epsilon),
            gamma: values_of(gamma),
            beta: values_of(beta),
            activation: self.activation,
        })
    }
}

impl Operation for NormalizeActivate {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let values = values_of(&inputs[0]);
        let moments = self.found.get_or_init(|| self.moments(values));
        let output = self.with_norm(moments, &inputs[1], &inputs[2], |norm| {
            let (scale, shift) = norm.scale_and_shift(self.shape);
            let activation = self.activation;
            normalize_activate(Isa::best(), self.shape, values, &scale, &shift, activation)
        });
        (tensor_of(output, &map_sizes(self.shape)), inputs.to_vec())
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        mut gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let moments = self.found.get().expect("the forward pass set the moments");
        let values = values_of(&saved[0]);
        let parameters = self.with_norm(moments, &saved[1], &saved[2], |norm| {
            let gradient = gradient.storage_mut::<f32>();
            normalize_activate_backward(Isa::best(), self.shape, values, gradient, norm)
        });
        let channels = [self.shape.channels];
        vec![
            Some(gradient),
            Some(tensor_from_vec(parameters.gamma, &channels)),
            Some(tensor_from_vec(parameters.beta, &channels)),
        ]
    }
}
