//! Attention.

use std::sync::Arc;

use burn_flex::FlexTensor;
use coverslip_kernels::{
    Isa,
    attention::{AttentionShape, ScoreTerms, attention, attention_backward},
};

use super::{Operation, tensor_of, values_of};

/// Attention of several heads.
///
/// Inputs: queries, keys and values `[N, T, 3 * C]` and, perhaps, a bias `[heads, T, T]`.
#[derive(Debug)]
pub(crate) struct Attention {
    pub(crate) shape: AttentionShape,
    /// `[sequences, T]`.
    pub(crate) regions: Option<Arc<[f32]>>,
    pub(crate) penalty: f32,
}

impl Attention {
    fn terms<'a>(&'a self, bias: Option<&'a FlexTensor>) -> ScoreTerms<'a> {
        ScoreTerms {
            bias: bias.map(values_of),
            regions: self.regions.as_deref(),
            penalty: self.penalty,
        }
    }
}

impl Operation for Attention {
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>) {
        let shape = self.shape;
        let terms = self.terms(inputs.get(1));
        let result = attention(Isa::best(), shape, values_of(&inputs[0]), terms);
        let sizes = [shape.sequences, shape.tokens, shape.channels()];
        let output = tensor_of(result.output, &sizes);
        let sizes = [shape.sequences, shape.heads, shape.tokens];
        let log_sums = tensor_of(result.log_sums, &sizes);
        let saved = [output.clone(), log_sums].into_iter();
        (output, saved.chain(inputs.iter().cloned()).collect())
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let shape = self.shape;
        let [output, log_sums, qkv] = [0, 1, 2].map(|index| values_of(&saved[index]));
        let found = attention_backward(
            Isa::best(),
            shape,
            qkv,
            self.terms(saved.get(3)),
            [output, log_sums],
            values_of(&gradient),
        );
        let sizes = [shape.sequences, shape.tokens, 3 * shape.channels()];
        let bias = found.bias.map(|bias| {
            let sizes = [shape.heads, shape.tokens, shape.tokens];
            Some(tensor_of(bias, &sizes))
        });
        std::iter::once(Some(tensor_of(found.qkv, &sizes)))
            .chain(bias)
            .collect()
    }
}
