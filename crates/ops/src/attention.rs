//! Scaled dot-product attention of several heads, on tokens.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData, activation::softmax};

use coverslip_kernels::attention::AttentionShape;

use crate::{Dropout, FeatureMap, cpu, dropout};

/// Penalty on the scores of tokens that should not see each other (Liu et al. 2021).
const PENALTY: f32 = 100.0;

/// The options of attention.
#[derive(Clone, Debug)]
pub struct AttentionOptions {
    /// Heads, each of which has an equal part of the channels.
    pub heads: usize,
    /// Added to the scores of every sequence, `[heads, T, T]` (query, key).
    pub bias: Option<Tensor<3>>,
    /// Which tokens see each other; all when absent.
    pub regions: Option<Arc<Regions>>,
    /// The share of weights that is dropped, and the seed.
    pub dropout: Option<(f64, u64)>,
}

/// Divides the tokens of each of some sequences into regions; scores between tokens of different
/// regions are lowered by 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regions {
    sequences: usize,
    of_tokens: Vec<u8>,
}

impl Regions {
    /// `of_tokens` is `[sequences, T]`. Sequence `i` of a batch has the regions of sequence
    /// `i % sequences`.
    ///
    /// # Panics
    ///
    /// When the tokens cannot be divided into so many sequences.
    pub fn new(sequences: usize, of_tokens: Vec<u8>) -> Self {
        assert!(sequences > 0 && of_tokens.len().is_multiple_of(sequences));
        Self {
            sequences,
            of_tokens,
        }
    }

    /// The terms to add to the scores, `[sequences, 1, T, T]`.
    fn penalties(&self, like: &Tensor<4>) -> Tensor<4> {
        let tokens = self.of_tokens.len() / self.sequences;
        let numbers = self.of_tokens.iter().map(|&region| i32::from(region));
        let numbers = TensorData::new(numbers.collect(), [self.sequences, 1, tokens, 1]);
        let queries = Tensor::<4, Int>::from_data(numbers, &like.device());
        let sizes = [self.sequences, 1, tokens, tokens];
        let differ = queries.clone().expand(sizes);
        let differ = differ.not_equal(queries.swap_dims(2, 3).expand(sizes));
        Tensor::zeros(sizes, (&like.device(), like.dtype())).mask_fill(differ, -PENALTY)
    }
}

/// Scaled dot-product attention of several heads (Vaswani et al. 2017): every token becomes a mean of
/// the values, weighted by `softmax(query key / sqrt(channels of a head) + bias)`.
///
/// `qkv` is `[N, T, 3 * C]` with channels in the order (query, key or value; head; channel of the
/// head); the result is `[N, T, C]`, channels in the order (head; channel of the head).
///
/// # Panics
///
/// When the heads cannot share the channels equally, or the bias or the regions do not fit.
pub fn attention(qkv: Tensor<3>, options: AttentionOptions) -> Tensor<3> {
    let [n, tokens, channels] = qkv.dims();
    let heads = options.heads;
    assert!(
        channels.is_multiple_of(3 * heads),
        "{channels} channels for {heads} heads"
    );
    let width = channels / (3 * heads);
    if cpu::is_ours(&qkv) && options.dropout.is_none() {
        let shape = AttentionShape {
            sequences: n,
            tokens,
            heads,
            width,
        };
        return ours(qkv, shape, options);
    }
    composed(qkv, width, options)
}

/// On a processor.
fn ours(qkv: Tensor<3>, shape: AttentionShape, options: AttentionOptions) -> Tensor<3> {
    let regions = options.regions.map(|regions| {
        let of_tokens = regions.of_tokens.iter().map(|&region| f32::from(region));
        of_tokens.collect()
    });
    let operation = cpu::Attention {
        shape,
        regions,
        penalty: PENALTY,
    };
    let bias = options.bias.map(Tensor::into_dispatch);
    let inputs = std::iter::once(qkv.into_dispatch()).chain(bias).collect();
    Tensor::from_dispatch(cpu::call(operation, inputs))
}

/// By operations of burn.
fn composed(qkv: Tensor<3>, width: usize, options: AttentionOptions) -> Tensor<3> {
    let [n, tokens, _] = qkv.dims();
    let heads = options.heads;
    let parts = qkv.reshape([n, tokens, 3, heads, width]);
    let parts = parts.permute([2, 0, 3, 1, 4]);
    let [query, key, value] = [0, 1, 2].map(|index| {
        let part = parts.clone().narrow(0, index, 1);
        part.reshape([n, heads, tokens, width])
    });
    let query = query.mul_scalar((width as f64).sqrt().recip());
    let mut scores = query.matmul(key.transpose());
    if let Some(bias) = options.bias {
        scores = scores + bias.unsqueeze();
    }
    if let Some(regions) = options.regions {
        let penalties = regions.penalties(&scores);
        let images = n / regions.sequences;
        scores = scores + penalties.repeat_dim(0, images);
    }
    let mut weights = softmax(scores, 3);
    if let Some((rate, seed)) = options.dropout {
        let map = weights.reshape([n, heads, 1, tokens, tokens]);
        let map = dropout(FeatureMap::from_tensor(map), rate, Dropout::Values, seed);
        weights = map.into_tensor().reshape([n, heads, tokens, tokens]);
    }
    let seen = weights.matmul(value).swap_dims(1, 2);
    seen.reshape([n, tokens, heads * width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tolerance};

    /// The output and the gradients of a small attention.
    fn results(
        attend: impl FnOnce(Tensor<3>, AttentionOptions) -> Tensor<3>,
        [n, tokens, heads, width]: [usize; 4],
        with_terms: bool,
    ) -> Vec<TensorData> {
        let device = Device::flex().autodiff();
        let random = |sizes: [usize; 3], seed: f64| {
            let count = sizes.iter().product::<usize>() as i64;
            let ramp = Tensor::<1, burn::tensor::Int>::arange(0..count, &device).float();
            (ramp.mul_scalar(seed).sin() * 1.5).reshape(sizes)
        };
        let qkv = random([n, tokens, 3 * heads * width], 12.9898).require_grad();
        let bias = random([heads, tokens, tokens], 78.233).require_grad();
        let regions = (0..2 * tokens).map(|token| (token * 5 / tokens % 3) as u8);
        let options = AttentionOptions {
            heads,
            bias: with_terms.then(|| bias.clone()),
            regions: with_terms.then(|| Arc::new(Regions::new(2, regions.collect()))),
            dropout: None,
        };
        let output = attend(qkv.clone(), options);
        let probe = random([n, tokens, heads * width], 37.719);
        let gradients = (output.clone() * probe).sum().backward();
        let mut found = vec![output.into_data()];
        found.extend(qkv.grad(&gradients).map(Tensor::into_data));
        found.extend(bias.grad(&gradients).map(Tensor::into_data));
        found
    }

    #[test]
    fn kernels_equal_composed_operations() {
        for (sizes, with_terms) in [
            ([4, 37, 3, 8], true),
            ([34, 16, 2, 20], true),
            ([2, 70, 1, 33], false),
            ([1, 1, 2, 5], false),
        ] {
            let width = sizes[3];
            let expected = results(
                |qkv, options| composed(qkv, width, options),
                sizes,
                with_terms,
            );
            let found = results(attention, sizes, with_terms);
            assert_eq!(found.len(), if with_terms { 3 } else { 2 });
            for (found, expected) in found.iter().zip(&expected) {
                let tolerance = Tolerance::rel_abs(1e-4, 1e-5);
                found.assert_approx_eq::<f32>(expected, tolerance);
            }
        }
    }
}
