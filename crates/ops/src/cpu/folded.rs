//! A convolution with a normalisation by given statistics folded into it, for inference.

use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Bytes;
use burn_flex::FlexTensor;
use coverslip_kernels::{
    ConvShape, Epilogue, FusedActivation, Isa,
    winograd::{self, PreparedWeights},
};

use super::{
    Operation,
    conv::{conv_directly, map_tensor, with_map},
    values_of,
};

/// A convolution's cache from one call to the next at inference: its weights as the kernels want
/// them.
///
/// A clone starts empty, so that a copy of a network does not keep the memory of its original.
#[derive(Debug, Default)]
pub struct ConvCache(Arc<Mutex<Option<Entry>>>);

impl Clone for ConvCache {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl ConvCache {
    /// The same cache for an operation.
    pub(crate) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Prepared weights, and the memory of the parameters that they were made from. While the entry holds
/// it, burn neither changes nor frees that memory, so that the same memory means the same values.
struct Entry {
    made_from: Vec<Arc<Bytes>>,
    prepared: Arc<Prepared>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Entry").finish_non_exhaustive()
    }
}

struct Prepared {
    bias: Vec<f32>,
    weights: PreparedKind,
}

enum PreparedKind {
    Winograd(PreparedWeights),
    Direct(Vec<f32>),
}

/// `activation((conv(x) - mean) / sqrt(variance + epsilon) * gamma + beta)`, or `activation(conv(x))`.
///
/// Inputs: the maps, the weight `[O, I / groups, KZ, KY, KX]`, with `epsilon` gamma, beta, mean and
/// variance, and with `has_bias` the bias of the convolution; all but the first two `[O]`.
#[derive(Debug)]
pub(crate) struct FoldedConvolution {
    pub(crate) shape: ConvShape,
    /// Blocks of each source; empty for a planar input.
    pub(crate) sources: Vec<usize>,
    pub(crate) may_transform: bool,
    /// Added to the variance; `None` without a normalisation.
    pub(crate) epsilon: Option<f64>,
    pub(crate) has_bias: bool,
    pub(crate) activation: FusedActivation,
    pub(crate) cache: ConvCache,
}

impl FoldedConvolution {
    fn prepared(&self, parameters: &[FlexTensor]) -> Arc<Prepared> {
        let memory: Vec<Arc<Bytes>> = parameters.iter().map(FlexTensor::data_arc).collect();
        let mut entry = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entry.as_ref() {
            let pairs = entry.made_from.iter().zip(&memory);
            if entry.made_from.len() == memory.len()
                && pairs.into_iter().all(|(a, b)| Arc::ptr_eq(a, b))
            {
                return Arc::clone(&entry.prepared);
            }
        }
        let prepared = Arc::new(self.prepare(parameters));
        *entry = Some(Entry {
            made_from: memory,
            prepared: Arc::clone(&prepared),
        });
        prepared
    }

    fn prepare(&self, parameters: &[FlexTensor]) -> Prepared {
        let weight = values_of(&parameters[0]);
        let channels = self.shape.out_channels;
        let bias = self
            .has_bias
            .then(|| parameters.last().map(values_of))
            .flatten();
        let mut shift: Vec<f64> = (0..channels)
            .map(|channel| bias.map_or(0.0, |bias| f64::from(bias[channel])))
            .collect();
        let mut scale = vec![1.0; channels];
        if let Some(epsilon) = self.epsilon {
            let [gamma, beta, mean, variance] = [1, 2, 3, 4].map(|at| values_of(&parameters[at]));
            for channel in 0..channels {
                let deviation = (f64::from(variance[channel]) + epsilon).sqrt();
                scale[channel] = f64::from(gamma[channel]) / deviation;
                let centred = shift[channel] - f64::from(mean[channel]);
                shift[channel] = f64::from(beta[channel]) + centred * scale[channel];
            }
        }
        let per_channel = weight.len() / channels;
        let mut folded = weight.to_vec();
        for (kernel, &scale) in folded.chunks_exact_mut(per_channel).zip(&scale) {
            for value in kernel {
                *value = (f64::from(*value) * scale) as f32;
            }
        }
        let is_blocked = !self.sources.is_empty();
        let weights = if self.may_transform && is_blocked && winograd::is_suited(&self.shape) {
            PreparedKind::Winograd(PreparedWeights::new(Isa::best(), &folded, &self.shape))
        } else {
            PreparedKind::Direct(folded)
        };
        Prepared {
            bias: shift.into_iter().map(|shift| shift as f32).collect(),
            weights,
        }
    }
}

impl Operation for FoldedConvolution {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let (maps, parameters) = inputs.split_at(self.sources.len().max(1));
        let prepared = self.prepared(parameters);
        let epilogue = Epilogue {
            bias: Some(&prepared.bias),
            activation: self.activation,
        };
        let shape = &self.shape;
        let output = with_map(maps, &self.sources, |map, sources| {
            match &prepared.weights {
                PreparedKind::Winograd(weights) => {
                    winograd::conv_prepared(sources, weights, epilogue, shape, false).0
                }
                PreparedKind::Direct(weights) => conv_directly(map, weights, epilogue, shape),
            }
        });
        (
            map_tensor(output, shape.out_channels, shape.output),
            Vec::new(),
        )
    }

    fn backward(
        &self,
        _saved: Vec<FlexTensor>,
        _gradient: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        unreachable!(
            "only inference folds a normalisation; {} gradients wanted",
            wanted.len()
        )
    }
}
