//! One head of one sequence, and the memory to work on it.

use super::{AttentionShape, ScoreTerms};
use crate::Buffer;

/// Queries whose scores are held at a time.
pub(super) const QUERIES: usize = 32;

/// One head of one sequence.
#[derive(Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) shape: AttentionShape,
    sequence: usize,
    number: usize,
    qkv: &'a [f32],
    terms: ScoreTerms<'a>,
}

impl<'a> Head<'a> {
    pub(super) fn new(
        shape: AttentionShape,
        sequence: usize,
        head: usize,
        qkv: &'a [f32],
        terms: ScoreTerms<'a>,
    ) -> Self {
        Self {
            shape,
            sequence,
            number: head,
            qkv,
            terms,
        }
    }

    /// Where the head's channels of the sequence's first token begin.
    pub(super) fn output_start(&self) -> usize {
        let AttentionShape { tokens, width, .. } = self.shape;
        self.sequence * tokens * self.shape.channels() + self.number * width
    }

    /// The same among queries, keys and values.
    pub(super) fn qkv_start(&self) -> usize {
        let AttentionShape { tokens, width, .. } = self.shape;
        self.sequence * tokens * 3 * self.shape.channels() + self.number * width
    }

    /// The channels of a token's query (0), key (1) or value (2).
    #[inline(always)]
    pub(super) fn part(&self, part: usize, token: usize) -> &'a [f32] {
        let first = self.qkv_start() + (token * 3 + part) * self.shape.channels();
        &self.qkv[first..first + self.shape.width]
    }

    /// What is added to the scores of a query.
    #[inline(always)]
    pub(super) fn bias(&self, query: usize) -> Option<&'a [f32]> {
        let tokens = self.shape.tokens;
        let first = (self.number * tokens + query) * tokens;
        self.terms.bias.map(|bias| &bias[first..first + tokens])
    }

    /// The regions of the tokens, and what scores between them are lowered by.
    #[inline(always)]
    pub(super) fn regions(&self) -> Option<(&'a [f32], f32)> {
        let tokens = self.shape.tokens;
        self.terms.regions.map(|regions| {
            let first = self.sequence % (regions.len() / tokens) * tokens;
            (&regions[first..first + tokens], self.terms.penalty)
        })
    }
}

/// Memory for one head at a time.
pub(super) struct Scratch {
    /// Queries (divided by the root of the width), keys and values, `[tokens, padded width]`.
    pub(super) rows: [Buffer; 3],
    /// Keys and values, `[width, padded tokens]`.
    pub(super) columns: [Buffer; 2],
    /// Scores or weights, and their gradients, `[QUERIES, padded tokens]`.
    pub(super) scores: [Buffer; 2],
    /// Results for some queries, `[QUERIES, padded width]`.
    pub(super) results: Buffer,
    /// Gradients of keys and values, and the output's, `[tokens, padded width]`.
    pub(super) gradients: [Buffer; 3],
}

impl Scratch {
    pub(super) fn new(shape: AttentionShape) -> Self {
        let rows = shape.tokens * shape.padded_width();
        let columns = shape.width * shape.padded_tokens();
        let scores = QUERIES * shape.padded_tokens();
        Self {
            rows: [0; 3].map(|_| Buffer::zeros(rows)),
            columns: [0; 2].map(|_| Buffer::zeros(columns)),
            scores: [0; 2].map(|_| Buffer::unspecified(scores)),
            results: Buffer::unspecified(QUERIES * shape.padded_width()),
            gradients: [0; 3].map(|_| Buffer::zeros(rows)),
        }
    }
}
