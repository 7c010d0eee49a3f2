//! Scaled dot-product attention of several heads, forward and backward.
//!
//! Scores are computed for a few queries at a time and never written to memory, which their square
//! number would take most of the time for. The backward pass computes them again.

mod block;
mod head;
mod multiply;

use rayon::prelude::*;

use crate::{Buffer, Isa, LANES, simd::Kernel, simd::Simd};
use head::{Head, Scratch};

/// Sums of a bias's gradient that are formed by themselves, for threads to share the work.
const GROUPS: usize = 16;

/// The sizes of an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// Sequences of tokens.
    pub sequences: usize,
    /// Tokens of a sequence.
    pub tokens: usize,
    /// Heads.
    pub heads: usize,
    /// Channels of a head.
    pub width: usize,
}

impl AttentionShape {
    /// Channels of a token.
    pub fn channels(&self) -> usize {
        self.heads * self.width
    }

    fn padded_tokens(&self) -> usize {
        self.tokens.next_multiple_of(LANES)
    }

    fn padded_width(&self) -> usize {
        self.width.next_multiple_of(LANES)
    }
}

/// What is added to the scores.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScoreTerms<'a> {
    /// For each head, query and key.
    pub bias: Option<&'a [f32]>,
    /// A region for each token of some sequences, which repeat; between tokens of different regions
    /// the score is lowered by `penalty`.
    pub regions: Option<&'a [f32]>,
    /// See `regions`.
    pub penalty: f32,
}

/// The result of [`attention`].
pub struct Attended {
    /// `[sequences, tokens, heads, width]`.
    pub output: Buffer,
    /// Logarithms of the sums of exponentials, `[sequences, heads, tokens]`.
    pub log_sums: Buffer,
}

/// The result of [`attention_backward`].
pub struct AttentionGradient {
    /// As queries, keys and values.
    pub qkv: Buffer,
    /// As the bias, if there is one.
    pub bias: Option<Buffer>,
}

/// Means of values, weighted by `softmax(query key / sqrt(width) + terms)`.
///
/// `qkv` is `[sequences, tokens, 3, heads, width]`: queries, keys, values.
///
/// # Panics
///
/// When sizes do not fit, or the processor lacks the instruction set.
pub fn attention(isa: Isa, shape: AttentionShape, qkv: &[f32], terms: ScoreTerms<'_>) -> Attended {
    check(isa, shape, qkv, terms);
    let mut output = Buffer::unspecified(shape.sequences * shape.tokens * shape.channels());
    let mut log_sums = Buffer::unspecified(shape.sequences * shape.heads * shape.tokens);
    let (to_output, to_sums) = (output.pointer(), log_sums.pointer());
    (0..shape.sequences * shape.heads)
        .into_par_iter()
        .for_each(|task| {
            let (sequence, head) = (task / shape.heads, task % shape.heads);
            let mut scratch = Scratch::new(shape);
            let head = Head::new(shape, sequence, head, qkv, terms);
            // SAFETY: the instruction set was checked; each head writes channels and sums of its own.
            unsafe {
                isa.run(Forward {
                    head,
                    scratch: &mut scratch,
                    output: to_output.at(head.output_start()),
                    log_sums: to_sums.at(task * shape.tokens),
                });
            }
        });
    Attended { output, log_sums }
}

/// The gradients of [`attention`] from that of its output.
///
/// # Panics
///
/// As [`attention`].
pub fn attention_backward(
    isa: Isa,
    shape: AttentionShape,
    qkv: &[f32],
    terms: ScoreTerms<'_>,
    attended: [&[f32]; 2],
    gradient: &[f32],
) -> AttentionGradient {
    check(isa, shape, qkv, terms);
    let [output, log_sums] = attended;
    assert_eq!(output.len() * 3, qkv.len());
    assert_eq!(gradient.len(), output.len());
    assert_eq!(log_sums.len(), shape.sequences * shape.heads * shape.tokens);
    let mut qkv_gradient = Buffer::unspecified(qkv.len());
    let to_qkv = qkv_gradient.pointer();
    let bias_len = terms.bias.map_or(0, <[f32]>::len);
    let groups = if bias_len > 0 {
        GROUPS.min(shape.sequences)
    } else {
        shape.sequences
    };
    let mut partial = Buffer::zeros(groups * bias_len);
    let to_bias = partial.pointer();
    let area = shape.tokens * shape.tokens;
    (0..groups * shape.heads).into_par_iter().for_each(|task| {
        let (group, number) = (task / shape.heads, task % shape.heads);
        let mut scratch = Scratch::new(shape);
        let first = group * shape.sequences / groups;
        let end = (group + 1) * shape.sequences / groups;
        for sequence in first..end {
            let head = Head::new(shape, sequence, number, qkv, terms);
            let rows = (sequence * shape.heads + number) * shape.tokens;
            // SAFETY: the instruction set was checked; each head of a sequence writes channels of
            // its own, and each head of a group a part of the bias's gradient of its own.
            unsafe {
                let bias = (bias_len > 0).then(|| to_bias.at(group * bias_len + number * area));
                isa.run(Backward {
                    head,
                    scratch: &mut scratch,
                    output: &output[head.output_start()..],
                    gradient: &gradient[head.output_start()..],
                    log_sums: &log_sums[rows..rows + shape.tokens],
                    qkv_gradient: to_qkv.at(head.qkv_start()),
                    bias_gradient: bias,
                });
            }
        }
    });
    let bias = (bias_len > 0).then(|| {
        let mut sum = Buffer::zeros(bias_len);
        let chunk = 4096;
        let parts = sum.as_mut_slice().par_chunks_mut(chunk).enumerate();
        parts.for_each(|(index, sums)| {
            for group in 0..groups {
                let first = group * bias_len + index * chunk;
                let terms = &partial.as_slice()[first..first + sums.len()];
                for (sum, term) in sums.iter_mut().zip(terms) {
                    *sum += term;
                }
            }
        });
        sum
    });
    AttentionGradient {
        qkv: qkv_gradient,
        bias,
    }
}

fn check(isa: Isa, shape: AttentionShape, qkv: &[f32], terms: ScoreTerms<'_>) {
    assert!(isa.is_available(), "no {} here", isa.name());
    let tokens = shape.tokens;
    assert_eq!(qkv.len(), shape.sequences * tokens * 3 * shape.channels());
    if let Some(bias) = terms.bias {
        assert_eq!(bias.len(), shape.heads * tokens * tokens);
    }
    if let Some(regions) = terms.regions {
        assert!(!regions.is_empty() && regions.len().is_multiple_of(tokens));
    }
}

struct Forward<'a, 'b> {
    head: Head<'a>,
    scratch: &'b mut Scratch,
    output: *mut f32,
    log_sums: *mut f32,
}

impl Kernel for Forward<'_, '_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: as the caller promises.
        unsafe { block::forward::<S>(self.head, self.scratch, self.output, self.log_sums) }
    }
}

struct Backward<'a, 'b> {
    head: Head<'a>,
    scratch: &'b mut Scratch,
    output: &'a [f32],
    gradient: &'a [f32],
    log_sums: &'a [f32],
    qkv_gradient: *mut f32,
    bias_gradient: Option<*mut f32>,
}

impl Kernel for Backward<'_, '_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let given = [self.output, self.gradient, self.log_sums];
        let found = (self.qkv_gradient, self.bias_gradient);
        // SAFETY: as the caller promises.
        unsafe { block::backward::<S>(self.head, self.scratch, given, found) }
    }
}
